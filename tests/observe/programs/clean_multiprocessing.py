# expect: clean
# on: -
import multiprocessing
import time


def work(number: int) -> int:
    time.sleep(0.01)
    return number


if __name__ == "__main__":
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            pool.map(work, range(4))
        queue = context.Queue()
        queue.put(1)
        queue.get()
        child = context.Process(target=work, args=(1,))
        child.start()
        child.join()
