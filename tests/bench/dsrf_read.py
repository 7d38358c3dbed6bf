"""The open reader of DDEX (github.com/ddexnet/dsrf) reads a file. `python dsrf_read.py CHECKOUT FOLDER FILE`

Run by a Python of its own that has protobuf, grpcio-tools, six and an old setuptools (dsrf.txt). It is no package, so it is read from a
checkout: its protocol buffers are compiled into FOLDER, and CHECKOUT is the package `dsrf` there. Its blocks are counted, not written.
Prints how many, the CPU seconds, and the peak in bytes.
"""

from __future__ import annotations

import importlib
import pathlib
import re
import sys
import time

checkout, folder, file = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
(folder / "dsrf").unlink(missing_ok=True)
(folder / "dsrf").symlink_to(checkout)
protos = folder / "protos"
protos.mkdir(exist_ok=True)
protoc = importlib.import_module("grpc_tools.protoc")
sources = sorted(str(path) for path in (checkout / "proto").glob("*.proto"))
if protoc.main(["protoc", f"-I{checkout / 'proto'}", f"--python_out={protos}", *sources]) != 0:
    sys.exit("protoc failed")
sys.path[:0] = [str(folder), str(protos)]
importlib.import_module("dsrf.proto").__path__.append(str(protos))
parser = importlib.import_module("dsrf.parsers.dsrf_file_parser")
parser.TsvDialect.quotechar = None  # it says '', which Python refuses from 3.11 on
manager = importlib.import_module("dsrf.parsers.dsrf_report_manager")


blocks: list[int] = []
manager.DSRFReportManager.write_to_queue = lambda *_block: blocks.append(1)
began = time.process_time()
manager.DSRFReportManager(str(folder / "log")).parse_report([str(file)], None, None)
peak = re.search(r"VmHWM:\s+(\d+)", pathlib.Path("/proc/self/status").read_text())
print(len(blocks), time.process_time() - began, int(peak[1]) * 1024 if peak else 0)
