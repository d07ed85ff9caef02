import queue
import threading

jobs, results = queue.Queue(maxsize=5), []


def consume():
    while (job := jobs.get()) is not None:
        results.append(job * job)
        jobs.task_done()


consumer = threading.Thread(target=consume)
consumer.start()
for i in range(100):
    jobs.put(i)
jobs.put(None)
consumer.join()
print(sum(results), results[-3:])
