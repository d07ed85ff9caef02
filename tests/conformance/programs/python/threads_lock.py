import threading

total, lock = 0, threading.Lock()


def work(n):
    global total
    for _ in range(2000):
        with lock:
            total += n


threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(total, threading.current_thread().name, threading.active_count())
