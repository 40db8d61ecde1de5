"""The Python side of scripts/bench: aiohttp on uvloop, and lxml for titles.

    python.py aiohttp gets COUNT WARM-UP URL        the page at URL, COUNT times
    python.py aiohttp echo-32|echo-4k|echo-1m COUNT WARM-UP URL SIZE WINDOW    messages there and back
    python.py aiohttp titles COUNT WARM-UP URL      the titles of the pages URL0 to URL{COUNT - 1}

As benches/clients/main.rs has it: the last line on standard output is what COUNT requests took after WARM-UP others.
"""

import asyncio
import json
import platform
import sys
import time

import aiohttp
import lxml.etree
import lxml.html
import uvloop

IN_FLIGHT = 100
SMALL = 2048


async def get(session, url, _number):
    async with session.get(url) as response:
        assert len(await response.read()) == SMALL


async def title(session, url, number):
    async with session.get(f"{url}{number}") as response:
        tree = lxml.html.document_fromstring(await response.read())
    assert tree.findtext(".//title") == f"Page {number}"


async def some(work, session, url, count):
    """So many workers take less of the processor than a task for each request and a semaphore."""
    numbers = iter(range(count))

    async def worker():
        for number in numbers:
            await work(session, url, number)

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


async def echo(socket, size, window, count):
    text = "x" * size
    for _ in range(min(window, count)):
        await socket.send_str(text)
    for received in range(count):
        message = await socket.receive()
        assert len(message.data) == size
        if received + window < count:
            await socket.send_str(text)


async def echoes(count, warm_up, url, size, window):
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await echo(socket, size, window, warm_up)
        wall, cpu = time.perf_counter(), time.process_time()
        await echo(socket, size, window, count)
        return {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


async def main(work, count, warm_up, url):
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session:
        await some(work, session, url, warm_up)
        wall, cpu = time.perf_counter(), time.process_time()
        await some(work, session, url, count)
        return {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


if sys.argv[1:] == ["versions"]:
    lxml_version = ".".join(map(str, lxml.etree.LXML_VERSION[:3]))
    print(f"aiohttp {aiohttp.__version__}, uvloop {uvloop.__version__}, lxml {lxml_version}, Python {platform.python_version()}")
else:
    _, _, work, count, warm_up, url, *sizes = sys.argv
    if work.startswith("echo-"):
        measured = echoes(int(count), int(warm_up), url, *map(int, sizes))
    else:
        measured = main({"gets": get, "titles": title}[work], int(count), int(warm_up), url)
    print(json.dumps(uvloop.run(measured)))
