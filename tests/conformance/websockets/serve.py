"""Serves WebSockets by the library that the first argument names, on the listener whose descriptor is the second one.

The path says what happens on a connection: the same, whichever library serves it."""

import asyncio
import json
import socket
import sys
from http import HTTPStatus
from urllib.parse import unquote

PROTOCOLS = ["chat.v1", "chat.v0"]
# How each connection was closed by its client, by the connection's path.
closed = {}


def said(request_headers):
    names = ["authorization", "cookie", "origin", "user-agent", "x-own"]
    return json.dumps({name: request_headers.get(name) for name in names})


def by_websockets(listener, forgets):
    from websockets.asyncio.server import serve
    from websockets.exceptions import ConnectionClosed
    from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

    async def handle(socket):
        path = socket.request.path
        kind, *words = [unquote(word) for word in path.split("/")[1:]]
        try:
            if kind == "fragments":
                await socket.send(["Zür", "ich", "", " 🦀"])
                await socket.send([b"\0", b"", bytes(100_000)])
            elif kind == "ping":
                await (await socket.ping(b"are you there"))
                await socket.send("it is")
            elif kind == "headers":
                await socket.send(said(socket.request.headers))
            elif kind == "close":
                await (socket.close(int(words[0]), words[1]) if words else socket.close(None))
            elif kind == "closed":
                await socket.send(json.dumps(closed.get(words[0])))
            elif kind == "count":
                for number in range(int(words[0])):
                    await socket.send(str(number))
            async for message in socket:
                await socket.send(message)
        except ConnectionClosed:
            pass
        closed[path.split("/")[-1]] = [socket.close_code, socket.close_reason]

    def refuse(connection, request):
        if request.path == "/refused":
            return connection.respond(HTTPStatus.FORBIDDEN, "not you\n")
        if request.path == "/moved":
            response = connection.respond(HTTPStatus.TEMPORARY_REDIRECT, "")
            response.headers["Location"] = "/headers"
            return response

    def answer(connection, request, response):
        response.headers["Set-Cookie"] = "seen=1; Path=/"
        response.headers["X-Served"] = "by websockets"

    def choose(connection, offered):
        return next((protocol for protocol in PROTOCOLS if protocol in offered), None)

    deflate = ServerPerMessageDeflateFactory(server_no_context_takeover=forgets, client_no_context_takeover=forgets)
    return serve(
        handle, sock=listener, select_subprotocol=choose, extensions=[deflate], compression=None, max_size=None,
        ping_interval=None, process_request=refuse, process_response=answer,
    )


def by_aiohttp(listener, forgets):
    from aiohttp import WSMsgType, web

    async def handle(request):
        kind, *words = [unquote(word) for word in request.path.split("/")[1:]]
        if kind == "refused":
            return web.Response(status=403, text="not you\n")
        if kind == "moved":
            raise web.HTTPTemporaryRedirect("/headers")
        socket = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=0, autoping=kind != "ping")
        socket.headers["X-Served"] = "by aiohttp"
        socket.set_cookie("seen", "1")
        await socket.prepare(request)
        if kind == "ping":
            await socket.ping(b"are you there")
            message = await socket.receive()
            await socket.send_str("it is" if message.data == b"are you there" else "no")
        elif kind == "headers":
            await socket.send_str(said(request.headers))
        elif kind == "close":
            if words:
                await socket.close(code=int(words[0]), message=words[1].encode())
            else:
                # Its own close always has a code.
                await socket._writer.send_frame(b"", WSMsgType.CLOSE)
        elif kind == "closed":
            await socket.send_str(json.dumps(closed.get(words[0])))
        elif kind == "count":
            for number in range(int(words[0])):
                await socket.send_str(str(number))
        while True:
            message = await socket.receive()
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data)
            else:
                break
        if message.type is WSMsgType.CLOSE:
            closed[request.path.split("/")[-1]] = [message.data, message.extra]
        return socket

    class Serving:
        async def __aenter__(self):
            app = web.Application()
            app.router.add_get("/{tail:.*}", handle)
            self.runner = web.AppRunner(app)
            await self.runner.setup()
            await web.SockSite(self.runner, listener).start()

        async def __aexit__(self, *_):
            await self.runner.cleanup()

    return Serving()


async def main(library, descriptor):
    listener = socket.socket(fileno=int(descriptor))
    listener.setblocking(False)
    serve = by_aiohttp if library == "aiohttp" else by_websockets
    async with serve(listener, library == "forgetful"):
        await asyncio.get_running_loop().create_future()


asyncio.run(main(*sys.argv[1:]))
