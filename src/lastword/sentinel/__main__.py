"""The sentinel's process: `python -m lastword.sentinel`, started by a worker that orders it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

from lastword.bounded import within
from lastword.traces import told

from .order import bound, function_of, read_order, remove
from .slim import slim_imports
from .wire import WireError

logger = logging.getLogger("lastword")

ORDER_TIMEOUT_S = 10.0


async def main() -> int:
    """Be the sentinel of one worker until that is gone and nothing is watched; return a status."""
    worker = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(worker), sys.stdin)
    try:
        order = await within(read_order(worker), ORDER_TIMEOUT_S)
    except (WireError, asyncio.IncompleteReadError, asyncio.TimeoutError):
        logger.error("expected to be started by lastword.sentinel(), got no order")
        return 2
    os.environ.update(order.environment)  # in memory: /proc shows what a process began with
    try:
        # Imported before anything is kept out: user code finds Python as it is everywhere.
        on_report = function_of(order.on_report)
    except (ImportError, AttributeError) as error:
        logger.error("on_report cannot be imported: %s", told(error))
        return 2
    with slim_imports():
        from .sounds import warm  # noqa: PLC0415 - not before it is known what is kept out
        from .switchboard import Switchboard  # noqa: PLC0415 - the same
    changed = asyncio.Event()
    board = Switchboard(order.lines, on_report, changed.set)
    for number in (signal.SIGTERM, signal.SIGINT):  # they are for the worker; its end tells enough
        signal.signal(number, signal.SIG_IGN)
    listening = await board.open(bound(order.address))
    await warm()
    logger.info("the sentinel watches")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    gone_atask = asyncio.create_task(_until_gone(worker, changed), name="lastword_worker")
    while board.calls or not gone_atask.done():
        await changed.wait()
        changed.clear()
    listening.close()
    remove(order.address)
    return 0


async def _until_gone(worker: asyncio.StreamReader, changed: asyncio.Event) -> None:
    """Wait until standard input ends: the worker is gone, however it went."""
    while await worker.read(1024):
        pass
    changed.set()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    sys.exit(asyncio.run(main()))
