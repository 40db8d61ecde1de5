"""Serves httpbin on the listener whose descriptor is the argument."""

import socket
import sys

import waitress
from httpbin import app

waitress.serve(app, sockets=[socket.socket(fileno=int(sys.argv[1]))], threads=16)
