"""What script/bench is made of: see bench/bench.py."""
