# ggwave behind a pipe: one letter, a length and as many bytes in, an answer out; ends with its input.
#   e: protocol (1 byte), payload      -> length in bytes, samples (32-bit float, 48 kHz)
#   d: samples                         -> seconds of processor time, number of messages,
#                                         each with its length
# Numbers are 32-bit little endian, times 64-bit floats.
import struct
import sys
import time

import ggwave

BLOCK = 4 * 1024  # bytes of one frame of ggwave


def messages(sound):
    """Everything a fresh receiver makes of a sound, and the time its decoder took."""
    blocks = [sound[i : i + BLOCK] for i in range(0, len(sound) - BLOCK + 1, BLOCK)]
    instance = ggwave.init()
    found = []
    start = time.process_time()
    for block in blocks:
        message = ggwave.decode(instance, block)
        if message is not None:
            found.append(bytes(message))
    spent = time.process_time() - start
    ggwave.free(instance)
    return spent, found


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(5):
        job, length = struct.unpack("<cI", head)
        body = source.read(length)
        if job == b"e":
            sound = ggwave.encode(body[1:], protocolId=body[0], volume=50)
            sink.write(struct.pack("<I", len(sound)) + sound)
        else:
            spent, found = messages(body)
            sink.write(struct.pack("<dI", spent, len(found)))
            for message in found:
                sink.write(struct.pack("<I", len(message)) + message)
        sink.flush()


main()
