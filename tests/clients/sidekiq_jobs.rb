# Sidekiq, whose keys redis-namespace puts into one slot: jobs that workers take in threads of several
# processes, some that fail at first and are tried again, some that wait. Each leaves a mark of its own.
require 'redis'
require 'redis-namespace'
require 'sidekiq'
require 'sidekiq/api'

JOBS = ENV['CLIENT_TEST_JOBS'].to_i
HOST = { host: ENV['CLIENT_TEST_HOST'], port: ENV['CLIENT_TEST_PORT'].to_i,
         password: ENV['CLIENT_TEST_PASSWORD'], timeout: 20 }.freeze
NAMESPACED = { **HOST, namespace: '{sidekiq}' }.freeze
$stdout.sync = true

Sidekiq.configure_client { |config| config.redis = NAMESPACED }
Sidekiq.configure_server do |config|
  config.redis = NAMESPACED
  config.options[:poll_interval_average] = 1
  config.logger.level = Logger::FATAL
end

# Every seventh fails when it runs for the first time.
class Work
  include Sidekiq::Worker
  sidekiq_options retry: 5
  sidekiq_retry_in { 1 }

  MARKS = Redis.new(**HOST)

  def perform(number)
    raise 'as told' if (number % 7).zero? && MARKS.hincrby('tried', number, 1) == 1

    sleep 0.1
    MARKS.hincrby('ran', number, 1)
  end
end

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

def wait_for(seconds)
  deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
  until yield
    raise 'the time is over' if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

    sleep 0.1
  end
end

def main
  puts "version #{Sidekiq::VERSION}, redis-namespace #{Redis::Namespace::VERSION}, redis-rb #{Redis::VERSION}"
  marks = Redis.new(**HOST)
  workers = Array.new(2) { spawn('sidekiq', '-r', __FILE__, '-c', '5', out: :err) }
  JOBS.times { |i| (i % 10).zero? ? Work.perform_in(1, i) : Work.perform_async(i) }
  step "#{JOBS} jobs" do
    begin
      wait_for(60 + JOBS / 5) { marks.hlen('ran') == JOBS }
    rescue RuntimeError
      raise "#{marks.hlen('ran')} ran"
    end
    equal marks.hgetall('ran').reject { |_, count| count == '1' }, {}
    equal marks.hgetall('tried').values.uniq, ['2']
  end
  step 'counts' do
    wait_for(30) { Sidekiq::Stats.new.processed >= JOBS }
    equal Sidekiq::Queue.new.size, 0
    equal Sidekiq::RetrySet.new.size, 0
    equal Sidekiq::ProcessSet.new.size, 2
  end
  step 'stop' do
    workers.each { |pid| Process.kill('TERM', pid) }
    equal(workers.map { |pid| Process.wait2(pid)[1].success? }, [true, true])
  end
end

main if $PROGRAM_NAME == __FILE__
