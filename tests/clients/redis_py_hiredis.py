"""redis-py with the parser of hiredis, which it takes by itself when that is installed."""

import hiredis
import redis

import redis_py
from steps import equal, version

version(f"{redis.__version__}, hiredis {hiredis.__version__}")
equal(redis.connection.DefaultParser, redis.connection.HiredisParser)
redis_py.try_all(redis.connection.HiredisParser)
