"""The Python half of the interop tests: the same workflows and activities as flows.h, in the same order of steps."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    FailureError,
    TerminatedError,
    TimeoutError,
)

import tracing

ONCE = RetryPolicy(maximum_attempts=1)
KEYWORD = SearchAttributeKey.for_keyword("InteropKeyword")
KINDS = {
    ActivityError: "activity",
    ApplicationError: "application",
    CancelledError: "cancelled",
    ChildWorkflowError: "child",
    TerminatedError: "terminated",
    TimeoutError: "timeout",
}


def describe(error: BaseException) -> dict[str, Any]:
    """A failure and its causes as JSON; DescribeFailure in flows.cc gives the same."""
    kind = KINDS.get(type(error), type(error).__name__)
    told: dict[str, Any] = {"kind": kind}
    if isinstance(error, ApplicationError):
        told |= {
            "message": error.message,
            "type": error.type,
            "non_retryable": error.non_retryable,
            "details": list(error.details),
        }
    if isinstance(error, CancelledError):
        told["details"] = list(error.details)
    if isinstance(error, TimeoutError):
        told["timeout"] = error.type.name
    cause = error.cause if isinstance(error, FailureError) else None
    if cause is not None:
        told["cause"] = describe(cause)
    return told


def nested_failure() -> ApplicationError:
    """An application failure with details and a cause, which is how both sides fail in these tests."""
    inner = ApplicationError("inner", {"depth": 2}, type="Inner")
    error = ApplicationError("outer", "first", {"second": [1, 2]}, type="Outer", non_retryable=True)
    error.__cause__ = inner
    return error


@activity.defn(name="interop.greet")
async def greet(name: str) -> str:
    return f"hello {name}"


@activity.defn(name="interop.fail")
async def fail_activity(_: str) -> str:
    raise nested_failure()


@activity.defn(name="interop.third")
async def third(_: str) -> int:
    if activity.info().attempt < 3:
        raise ApplicationError("not yet", type="NotYet")
    return activity.info().attempt


@activity.defn(name="interop.header")
async def header(_: str) -> str:
    return tracing.seen.get()


@activity.defn(name="interop.beat")
async def beat(details: str) -> str:
    try:
        for _ in range(300):
            activity.heartbeat(details)
            await asyncio.sleep(0.1)
    except asyncio.CancelledError as error:
        raise CancelledError("stopped") from error  # the SDK replaces it by a cancellation without details
    return "never cancelled"


@workflow.defn(name="interop.story")
class Story:
    """Everything that leaves events: both sides replay each other's histories of it."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.total = 0
        self.ends: list[str] = []

    @workflow.run
    async def run(self, request: dict[str, Any]) -> dict[str, Any]:
        if workflow.patched("second-edition"):
            self.told.append("patched")
        self.told.append(
            await workflow.execute_activity(
                "interop.greet", request["name"], task_queue=request["activities"], start_to_close_timeout=timedelta(seconds=30)
            )
        )
        self.told.append(
            await workflow.execute_local_activity("interop.greet", "myself", start_to_close_timeout=timedelta(seconds=30))
        )
        await asyncio.sleep(0.01)
        workflow.upsert_memo({"chapter": 2})
        workflow.upsert_search_attributes([KEYWORD.value_set("told")])
        self.told.append(
            await workflow.execute_child_workflow(
                "interop.echo", "child", id=workflow.info().workflow_id + "/child", result_type=dict
            )
        )
        first, second = asyncio.create_task(asyncio.sleep(60)), asyncio.create_task(asyncio.sleep(0.01))
        await second
        first.cancel()
        self.told.append("waited")
        await workflow.wait_condition(lambda: bool(self.ends))
        return {"told": self.told, "total": self.total, "end": self.ends[0]}

    @workflow.signal(name="interop.end")
    def end(self, how: str) -> None:
        self.ends.append(how)

    @workflow.query(name="interop.told")
    def how_far(self) -> int:
        return len(self.told)

    @workflow.query(name="interop.angry")
    def angry(self, word: str) -> str:
        raise ApplicationError("no " + word, type="Angry")

    @workflow.update(name="interop.add")
    async def add(self, amount: int) -> int:
        if amount > 100:
            raise nested_failure()
        await asyncio.sleep(0.01)
        self.total += amount
        return self.total

    @add.validator
    def check_add(self, amount: int) -> None:
        if amount < 0:
            raise ApplicationError("only upwards", amount, type="Negative")


@workflow.defn(name="interop.echo")
class Echo:
    """Tells what it was started with."""

    @workflow.run
    async def run(self, word: str) -> dict[str, Any]:
        keyword = workflow.info().typed_search_attributes.get(KEYWORD)
        return {"word": word, "memo": workflow.memo_value("note", ""), "keyword": keyword or "", "trace": tracing.text_of(workflow.info().headers)}


@workflow.defn(name="interop.fail")
class Fail:
    @workflow.run
    async def run(self, _: str) -> str:
        raise nested_failure()


@workflow.defn(name="interop.wait")
class Wait:
    """Waits to be cancelled, and does one more thing then."""

    @workflow.run
    async def run(self, _: str) -> str:
        try:
            await workflow.wait_condition(lambda: False)
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.sleep(0.01))
            raise
        return "never"


@workflow.defn(name="interop.call")
class Call:
    """Runs one activity or child on the other side's task queue and tells how it ended."""

    @workflow.run
    async def run(self, request: dict[str, Any]) -> Any:
        try:
            if request["kind"] == "child":
                return await workflow.execute_child_workflow(
                    request["type"], request["argument"], id=workflow.info().workflow_id + "/child", task_queue=request["queue"]
                )
            if request["kind"] == "signal":
                other = workflow.get_external_workflow_handle(request["argument"])
                await other.signal("interop.end", "from afar")
                return "sent"
            if request["kind"] == "cancel":
                await workflow.get_external_workflow_handle(request["argument"]).cancel()
                return "sent"
            handle = workflow.start_activity(
                request["type"],
                request["argument"],
                task_queue=request["queue"],
                start_to_close_timeout=timedelta(seconds=request.get("seconds", 30)),
                heartbeat_timeout=timedelta(seconds=2) if request["kind"] == "cancelled" else None,
                retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10), maximum_attempts=request.get("attempts", 5)),
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
            if request["kind"] == "cancelled":
                await asyncio.sleep(1)
                handle.cancel()
            return await handle
        except FailureError as error:
            return describe(error)


WORKFLOWS = [Story, Echo, Fail, Wait, Call]
ACTIVITIES = [greet, fail_activity, third, header, beat]
