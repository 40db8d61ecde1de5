"""Serves streams of events by aiohttp, on the listener whose descriptor is the first argument."""

import asyncio
import socket
import sys

from aiohttp import web

go = asyncio.Event()


async def stream(request, content_type="text/event-stream"):
    response = web.StreamResponse(headers={"Content-Type": content_type, "Cache-Control": "no-cache"})
    await response.prepare(request)
    return response


def event(number, last):
    return f"id: {number}\nevent: tick\ndata: {number}\ndata: of {last}\n\n".encode()


async def ticks(request):
    """The next two after the last event id, and no more after the last one. Every second stream is cut off."""
    last, seen = int(request.match_info["last"]), int(request.headers.get("Last-Event-ID", 0))
    if seen >= last:
        return web.Response(status=204)
    response = await stream(request)
    await response.write(b"retry: 10\n: hello\n\n")
    for number in range(seen + 1, min(seen + 2, last) + 1):
        await response.write(event(number, last))
    if seen % 4 == 2:
        await response.write(b"data: cut o")
        request.transport.close()
    return response


async def held(request):
    """The second event once somebody has said so."""
    go.clear()
    response = await stream(request)
    await response.write(event(1, 2))
    await go.wait()
    await response.write(event(2, 2))
    return response


async def say_so(_):
    go.set()
    return web.Response(text="said")


async def lines(request):
    response = await stream(request, "application/x-ndjson")
    for piece in ['{"n": 1}\n{"n"', ': 2}\r\n', '\n{"n": 3}']:
        await response.write(piece.encode())
        await asyncio.sleep(0)
    return response


async def main(descriptor):
    listener = socket.socket(fileno=int(descriptor))
    listener.setblocking(False)
    app = web.Application()
    app.router.add_route("*", "/ticks/{last}", ticks)
    app.add_routes([web.get("/held", held), web.post("/go", say_so), web.get("/lines", lines)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    await asyncio.get_running_loop().create_future()


asyncio.run(main(*sys.argv[1:]))
