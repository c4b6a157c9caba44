"""Print what `python app.py --osc 127.0.0.1:9000` sends: `python docs/examples/osc_listener.py 9000`."""

import sys

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

dispatcher = Dispatcher()
dispatcher.map("/affect/*", lambda address, *values: print(address, *values, flush=True))
BlockingOSCUDPServer(("127.0.0.1", int(sys.argv[1])), dispatcher).serve_forever()
