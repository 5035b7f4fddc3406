"""The Python SDK's side of the bench. Usage: worker.py ADDRESS QUEUE. Runs until standard input ends."""

import asyncio
import concurrent.futures
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker


@activity.defn(name="BenchGreet")
async def greet(name: str) -> str:
    return "Hello " + name


@workflow.defn(name="BenchGreeting")
class Greeting:
    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_activity(greet, name, start_to_close_timeout=timedelta(seconds=10))


@workflow.defn(name="BenchIdle")
class Idle:
    def __init__(self) -> None:
        self.text: str | None = None

    @workflow.run
    async def run(self, _: str) -> str:
        await workflow.wait_condition(lambda: self.text is not None)
        return self.text or ""

    @workflow.signal
    def wake(self, text: str) -> None:
        self.text = text


async def main(address: str, queue: str) -> None:
    client = await Client.connect(address)
    two = PollerBehaviorSimpleMaximum(maximum=2)
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Greeting, Idle],
        activities=[greet],
        max_cached_workflows=10_000,
        workflow_task_poller_behavior=two,
        activity_task_poller_behavior=two,
    ):
        print("ready", flush=True)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            await asyncio.get_running_loop().run_in_executor(pool, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
