# redis-rb as an application uses it on a single server.
require 'redis'

HOST = { host: ENV['CLIENT_TEST_HOST'], port: ENV['CLIENT_TEST_PORT'].to_i,
         password: ENV['CLIENT_TEST_PASSWORD'], timeout: 20 }.freeze
$stdout.sync = true

def step(name)
  yield
  puts "ok #{name}"
rescue StandardError => e
  warn e.full_message
  puts "failed #{name}: #{e.class}: #{e.message.lines.first.to_s.strip[0, 300]}"
end

def equal(left, right)
  raise "#{left.inspect[0, 200]} is not #{right.inspect[0, 200]}" unless left == right
end

puts "version #{Redis::VERSION}"
redis = Redis.new(**HOST, id: 'tried', reconnect_attempts: 3)

step 'connect' do
  equal redis.ping, 'PONG'
  equal redis.info['redis_mode'], 'standalone'
end

step 'strings' do
  equal redis.set('greeting', 'hello'), 'OK'
  equal redis.get('greeting'), 'hello'
  equal redis.set('greeting', 'x', nx: true), false
  equal redis.incrby('counter', 5), 5
  equal redis.setex('session', 100, 'x'), 'OK'
  equal redis.ttl('session') > 90, true
end

step 'hashes' do
  equal redis.hset('user', 'name', 'Ada', 'age', 36), 2
  equal redis.hgetall('user'), { 'name' => 'Ada', 'age' => '36' }
  equal redis.mapped_hmget('user', 'name'), { 'name' => 'Ada' }
end

step 'lists' do
  equal redis.rpush('list', [1, 2, 3]), 3
  equal redis.lrange('list', 0, -1), %w[1 2 3]
end

step 'sets' do
  equal redis.sadd('{s}a', [1, 2, 3]), 3
  equal redis.sadd('{s}b', [2, 3]), 2
  equal redis.sinter('{s}a', '{s}b').sort, %w[2 3]
end

step 'sorted sets' do
  equal redis.zadd('board', [[1.5, 'ann'], [2, 'bob']]), 2
  equal redis.zrange('board', 0, -1, with_scores: true), [['ann', 1.5], ['bob', 2.0]]
end

step 'streams' do
  id = redis.xadd('events', { n: 1 })
  equal redis.xread('events', '0'), { 'events' => [[id, { 'n' => '1' }]] }
end

step 'many keys' do
  pairs = (0...2000).to_h { |i| ["many:#{i}", i.to_s] }
  equal redis.mapped_mset(pairs), 'OK'
  equal redis.mapped_mget(*pairs.keys), pairs
  equal redis.del(*pairs.keys), 2000
end

step 'pipeline' do
  replies = redis.pipelined do |pipeline|
    10_000.times do |i|
      pipeline.set("pipe:#{i}", i)
      pipeline.get("pipe:#{i}")
    end
  end
  equal replies.each_slice(2).map(&:last), (0...10_000).map(&:to_s)
end

step 'scan' do
  equal redis.scan_each(match: 'pipe:*', count: 500).to_a.uniq.size, 10_000
  equal redis.hscan_each('user').to_a.sort, [%w[age 36], %w[name Ada]]
end

step 'scripts' do
  digest = redis.script(:load, "return redis.call('incrby', KEYS[1], ARGV[1])")
  100.times { |i| equal redis.evalsha(digest, ["script:#{i}"], [i]), i }
  equal redis.eval('return {KEYS[1], ARGV[1]}', ['k'], ['v']), %w[k v]
end

step 'transaction' do
  replies = redis.multi do |transaction|
    transaction.set('{t}a', 1)
    transaction.incr('{t}a')
  end
  equal replies, ['OK', 2]
end

step 'watch' do
  other = Redis.new(**HOST)
  kept = redis.watch('{w}n') do
    other.set('{w}n', 5)
    redis.multi { |m| m.set('{w}n', 6) }
  end
  equal kept, nil
  equal(redis.watch('{w}n') { redis.multi { |m| m.incr('{w}n') } }, [6])
end

step 'lock' do
  equal redis.set('lock', 'token', nx: true, px: 30_000), true
  release = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"
  equal redis.eval(release, ['lock'], ['other']), nil
  equal redis.eval(release, ['lock'], ['token']), 1
end

step 'blocking' do
  equal redis.blpop('none', timeout: 1), nil
  worker = Thread.new { Redis.new(**HOST).brpop('queue', timeout: 20) }
  redis.lpush('queue', 'job')
  equal worker.value, %w[queue job]
end

step 'pubsub' do
  received = []
  ready = Queue.new
  listener = Thread.new do
    Redis.new(**HOST).subscribe('news') do |on|
      on.subscribe { ready << true }
      on.message { |_, text| received << text }
    end
  end
  ready.pop
  100.times { |i| redis.publish('news', i) }
  Thread.pass until received.size == 100 || !listener.alive?
  equal received, (0...100).map(&:to_s)
  listener.kill
end

step 'reconnect' do
  system(ENV['CLIENT_TEST_RESTART']) || raise('no restart')
  equal redis.get('greeting'), 'hello'
end
