# expect: clean
# on: -
import concurrent.futures
import time

with concurrent.futures.ThreadPoolExecutor(3) as executor:
    for _ in range(30):
        list(executor.map(int, range(3)))
        time.sleep(0.01)
