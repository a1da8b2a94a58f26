"""Joins two network namespaces by a line with a rate, a delay and a queue that drops what does not fit.

delay-line.py NAMESPACE-A NAMESPACE-B MBIT ONE-WAY-MS QUEUE-MS LOSS-PERCENT
A line of its standard input is another rate in Mbit/s. Python, since Node cannot make a TUN device (an ioctl) or enter a namespace. Ends with its standard input.
"""
import ctypes, fcntl, os, random, select, struct, subprocess, sys, time
from collections import deque

namespaces, mbit, delay, queue = sys.argv[1:3], float(sys.argv[3]), float(sys.argv[4]) / 1e3, float(sys.argv[5]) / 1e3
loss = float(sys.argv[6]) / 100
libc = ctypes.CDLL(None, use_errno=True)


def device(number):
    with open('/run/netns/' + namespaces[number]) as namespace:
        if libc.setns(namespace.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), 'setns')
    tun = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, 0x400454CA, struct.pack('16sH22x', b'line', 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
    for command in (f'address add 10.78.0.{number + 1}/24 dev line', 'link set line txqueuelen 10000 up'):
        subprocess.run(['ip', *command.split()], check=True)
    return tun


ends = [device(0), device(1)]
seconds_per_byte = 8 / (mbit * 1e6)
free = [0.0, 0.0]  # when the line is free again, each way
waiting = [deque(), deque()]
print('ready', flush=True)
while True:
    now = time.monotonic()
    due = min((way[0][0] for way in waiting if way), default=now + 1)
    readable, _, _ = select.select([*ends, sys.stdin], [], [], max(0, due - now))
    if sys.stdin in readable:
        words = os.read(0, 4096).split()
        if not words:
            break
        seconds_per_byte = 8 / (float(words[-1]) * 1e6)
    for way, end in enumerate(ends):
        for _ in range(64):
            try:
                packet = os.read(end, 65535)
            except BlockingIOError:
                break
            now = time.monotonic()
            start = max(free[way], now)
            if start - now > queue or random.random() < loss:
                continue
            free[way] = start + len(packet) * seconds_per_byte
            waiting[way].append((free[way] + delay, packet))
    now = time.monotonic()
    for way, other in ((0, 1), (1, 0)):
        while waiting[way] and waiting[way][0][0] <= now:
            try:
                os.write(ends[other], waiting[way].popleft()[1])
            except OSError:
                pass
