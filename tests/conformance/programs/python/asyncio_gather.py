import asyncio


async def worker(name, delay, log):
    for i in range(3):
        await asyncio.sleep(delay)
        log.append(f"{name}{i}")


async def main():
    log = []
    await asyncio.gather(worker("a", 0.01, log), worker("b", 0.025, log))
    print(sorted(log), len(log))
    try:
        await asyncio.wait_for(asyncio.sleep(5), 0.01)
    except asyncio.TimeoutError:
        print("timeout")


asyncio.run(main())
