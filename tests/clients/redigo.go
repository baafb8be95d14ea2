// redigo, through its pool, as an application in Go uses it on a single server.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"sync"
	"time"

	"github.com/gomodule/redigo/redis"
)

const patience = 20 * time.Second

func newPool() *redis.Pool {
	address := os.Getenv("CLIENT_TEST_HOST") + ":" + os.Getenv("CLIENT_TEST_PORT")
	return &redis.Pool{
		MaxActive: 16,
		MaxIdle:   16,
		Wait:      true,
		Dial: func() (redis.Conn, error) {
			return redis.Dial("tcp", address, redis.DialPassword(os.Getenv("CLIENT_TEST_PASSWORD")),
				redis.DialClientName("tried"), redis.DialReadTimeout(patience))
		},
		TestOnBorrow: func(connection redis.Conn, _ time.Time) error {
			_, err := connection.Do("PING")
			return err
		},
	}
}

func step(name string, run func()) {
	defer func() {
		if problem := recover(); problem != nil {
			fmt.Printf("failed %s: %v\n", name, problem)
		}
	}()
	run()
	fmt.Println("ok", name)
}

func equal(left, right interface{}) {
	if !reflect.DeepEqual(left, right) {
		panic(fmt.Sprintf("%v is not %v", left, right))
	}
}

func must(reply interface{}, err error) interface{} {
	if err != nil {
		panic(err)
	}
	return reply
}

func tryTypes(pool *redis.Pool) {
	c := pool.Get()
	defer c.Close()
	equal(must(redis.String(c.Do("SET", "greeting", "hello"))), "OK")
	equal(must(redis.String(c.Do("GET", "greeting"))), "hello")
	equal(must(redis.Int(c.Do("HSET", "user", "name", "Ada", "age", 36))), 2)
	equal(must(redis.StringMap(c.Do("HGETALL", "user"))), map[string]string{"name": "Ada", "age": "36"})
	equal(must(redis.Int(c.Do("RPUSH", "list", 1, 2, 3))), 3)
	equal(must(redis.Ints(c.Do("LRANGE", "list", 0, -1))), []int{1, 2, 3})
	equal(must(redis.Int(c.Do("ZADD", "board", 1.5, "ann"))), 1)
	equal(must(redis.Float64(c.Do("ZSCORE", "board", "ann"))), 1.5)
	equal(must(redis.String(c.Do("MSET", "a", 1, "b", 2, "c", 3))), "OK")
	equal(must(redis.Ints(c.Do("MGET", "a", "b", "c"))), []int{1, 2, 3})
	equal(must(redis.Int(c.Do("DEL", "a", "b", "c"))), 3)
}

func tryPipeline(pool *redis.Pool) {
	c := pool.Get()
	defer c.Close()
	for i := 0; i < 10000; i++ {
		c.Send("SET", fmt.Sprintf("pipe:%d", i), i)
		c.Send("GET", fmt.Sprintf("pipe:%d", i))
	}
	c.Flush()
	for i := 0; i < 10000; i++ {
		must(c.Receive())
		equal(must(redis.Int(c.Receive())), i)
	}
}

func tryScan(pool *redis.Pool) {
	c := pool.Get()
	defer c.Close()
	cursor, seen := "0", map[string]bool{}
	for {
		reply := must(redis.Values(c.Do("SCAN", cursor, "MATCH", "pipe:*", "COUNT", 1000))).([]interface{})
		cursor = must(redis.String(reply[0], nil)).(string)
		for _, key := range must(redis.Strings(reply[1], nil)).([]string) {
			seen[key] = true
		}
		if cursor == "0" {
			break
		}
	}
	equal(len(seen), 10000)
}

func tryScript(pool *redis.Pool) {
	c := pool.Get()
	defer c.Close()
	add := redis.NewScript(1, "return redis.call('incrby', KEYS[1], ARGV[1])")
	for i := 1; i <= 100; i++ {
		equal(must(redis.Int(add.Do(c, fmt.Sprintf("script:%d", i), i))), i)
	}
}

func tryTransaction(pool *redis.Pool) {
	c, other := pool.Get(), pool.Get()
	defer c.Close()
	defer other.Close()
	must(c.Do("WATCH", "{t}n"))
	must(other.Do("SET", "{t}n", 5))
	c.Send("MULTI")
	c.Send("INCR", "{t}n")
	equal(must(c.Do("EXEC")), nil)
	c.Send("MULTI")
	c.Send("INCR", "{t}n")
	c.Send("GET", "{t}n")
	equal(must(redis.Ints(c.Do("EXEC"))), []int{6, 6})
}

func tryBlocking(pool *redis.Pool) {
	c, other := pool.Get(), pool.Get()
	defer c.Close()
	defer other.Close()
	c.Send("BRPOP", "queue", 20)
	c.Flush()
	must(other.Do("LPUSH", "queue", "job"))
	equal(must(redis.Strings(c.Receive())), []string{"queue", "job"})
}

func tryPubsub(pool *redis.Pool) {
	subscriber := redis.PubSubConn{Conn: pool.Get()}
	publisher := pool.Get()
	defer subscriber.Close()
	defer publisher.Close()
	must(nil, subscriber.Subscribe("news"))
	equal(subscriber.ReceiveWithTimeout(patience).(redis.Subscription).Count, 1)
	for i := 0; i < 100; i++ {
		must(publisher.Do("PUBLISH", "news", i))
	}
	for i := 0; i < 100; i++ {
		message := subscriber.ReceiveWithTimeout(patience).(redis.Message)
		equal(string(message.Data), fmt.Sprint(i))
	}
	must(nil, subscriber.Ping("still"))
	equal(subscriber.ReceiveWithTimeout(patience).(redis.Pong).Data, "still")
	must(nil, subscriber.Unsubscribe())
}

func tryPool(pool *redis.Pool) {
	var group sync.WaitGroup
	for i := 0; i < 64; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := 0; n < 50; n++ {
				c := pool.Get()
				c.Do("INCR", "pooled")
				c.Close()
			}
		}()
	}
	group.Wait()
	c := pool.Get()
	defer c.Close()
	equal(must(redis.Int(c.Do("GET", "pooled"))), 64*50)
}

func tryReconnect(pool *redis.Pool) {
	must(nil, exec.Command(os.Getenv("CLIENT_TEST_RESTART")).Run())
	c := pool.Get()
	defer c.Close()
	equal(must(redis.String(c.Do("GET", "greeting"))), "hello")
}

func main() {
	version, _ := exec.Command("dpkg-query", "-W", "-f", "${source:Upstream-Version}",
		"golang-github-gomodule-redigo-dev").Output()
	fmt.Printf("version %s\n", version)
	pool := newPool()
	for _, one := range []struct {
		name string
		run  func(*redis.Pool)
	}{
		{"types", tryTypes}, {"pipeline", tryPipeline}, {"scan", tryScan}, {"scripts", tryScript},
		{"transaction and watch", tryTransaction}, {"blocking", tryBlocking}, {"pubsub", tryPubsub},
		{"pool", tryPool}, {"reconnect", tryReconnect},
	} {
		step(one.name, func() { one.run(pool) })
	}
}
