"""Drives build/bin/kitchen_sink_worker with the Python SDK's client, as load scenarios do: one "ok" or "not ok" line a case.

Arguments: the server's address, the worker binary, the descriptors of the protocol.
"""

import asyncio
import json
import sys
import uuid
from typing import Any, Awaitable, Callable

import temporalio.api.common.v1
import temporalio.api.enums.v1
import temporalio.api.failure.v1
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import RawValue, WorkflowIDConflictPolicy
from temporalio.converter import default as default_converter
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    TerminatedError,
    TimeoutError,
)
from temporalio.service import RPCError

QUEUES = [f"kitchen-{name}-{uuid.uuid4()}" for name in ("one", "two")]
CHOICES = ["wait_finish", "abandon", "cancel_before_started", "cancel_after_started", "cancel_after_completed"]


def load_protocol(path: str) -> None:
    files = descriptor_pb2.FileDescriptorSet.FromString(open(path, "rb").read())
    for file in files.file:
        descriptor_pool.Default().Add(file)


def message(name: str, content: dict[str, Any]) -> Any:
    kind = descriptor_pool.Default().FindMessageTypeByName("temporal.omes.kitchen_sink." + name)
    return json_format.ParseDict(content, message_factory.GetMessageClass(kind)())


def payload(value: Any) -> dict[str, Any]:
    """A payload as JSON of the protocol has it."""
    return json_format.MessageToDict(default_converter().payload_converter.to_payload(value))


def returns(value: Any) -> dict[str, Any]:
    return {"return_result": {"return_this": payload(value)}}


def actions(*each: dict[str, Any], concurrent: bool = False) -> dict[str, Any]:
    return {"actions": list(each), "concurrent": concurrent}


def activity(choice: str = "wait_finish", **what: Any) -> dict[str, Any]:
    return {"exec_activity": {"start_to_close_timeout": "10s", "awaitable_choice": {choice: {}}, **what}}


def timer(milliseconds: int, choice: str = "wait_finish") -> dict[str, Any]:
    return {"timer": {"milliseconds": milliseconds, "awaitable_choice": {choice: {}}}}


def child(name: str, *each: dict[str, Any], choice: str = "wait_finish", **more: Any) -> dict[str, Any]:
    given = payload(message("WorkflowInput", {"initial_actions": [actions(*each)]}))
    what = {"workflow_id": name, "input": [given], "cancellation_type": "CHILD_WF_WAIT_CANCELLATION_COMPLETED"}
    return {"exec_child_workflow": {**what, "awaitable_choice": {choice: {}}, **more}}


class Cases:
    def __init__(self, client: Client) -> None:
        self.client = client

    async def start(self, *sets: dict[str, Any], queue: str = QUEUES[0], **more: Any) -> Any:
        given = message("WorkflowInput", {"initial_actions": list(sets), **more})
        return await self.client.start_workflow("kitchenSink", given, id=new_id(), task_queue=queue)

    async def run(self, *each: dict[str, Any], **more: Any) -> Any:
        return await (await self.start(actions(*each, returns("done")), **more)).result()

    async def failure(self, *each: dict[str, Any]) -> BaseException:
        return await cause_of(await self.start(actions(*each)))

    async def until_running(self, name: str) -> None:
        """Until a worker has the first task of it, or has had."""
        while True:
            try:
                if (await self.client.get_workflow_handle(name).describe()).history_length > 2:
                    return
            except RPCError:
                pass

    async def returns_on_each_queue(self) -> None:
        for queue in QUEUES:
            assert await self.run(queue=queue) == "done"

    async def binary_input(self) -> None:
        given = message("WorkflowInput", {"initial_actions": [actions(timer(1), returns(7))]})
        raw = Payload(metadata={"encoding": b"binary/protobuf"}, data=given.SerializeToString())
        assert await self.client.execute_workflow("kitchenSink", RawValue(raw), id=new_id(), task_queue=QUEUES[0]) == 7

    async def timers_with_each_choice(self) -> None:
        assert await self.run(*[timer(20, choice) for choice in CHOICES]) == "done"
        assert await self.run(*[timer(60000, choice) for choice in CHOICES[1:4]]) == "done"

    async def activities(self) -> None:
        assert await self.run(
            activity(noop={}),
            activity(delay="0.010s"),
            activity(payload={"bytes_to_receive": 100, "bytes_to_return": 2000}),
            activity(resources={"run_for": "0.010s", "bytes_to_allocate": 1000, "cpu_yield_every_n_iterations": 10}),
            activity(generic={"type": "payload", "arguments": [payload(b"x"), payload(3)]}, task_queue=QUEUES[1]),
        ) == "done"

    async def activities_that_are_tried_again(self) -> None:
        policy = {"retry_policy": {"initial_interval": "0.010s", "backoff_coefficient": 1}}
        slow = {"fail_attempts": 1, "success_duration": "0.100s", "failure_duration": "3s"}
        assert await self.run(
            activity(retryable_error={"fail_attempts": 2}, **policy),
            activity(timeout=slow, **{**policy, "start_to_close_timeout": "1s"}),
            activity(heartbeat={**slow, "heartbeat_interval": "0.050s"}, heartbeat_timeout="1s", **policy),
        ) == "done"
        error = await self.failure(activity(retryable_error={"fail_attempts": 9}, retry_policy={"maximum_attempts": 1}))
        assert isinstance(error, ActivityError) and error.cause.type == "RetryableError", error

    async def activities_with_each_choice(self) -> None:
        assert await self.run(*[activity(choice, noop={}) for choice in CHOICES]) == "done"
        for kind in ("TRY_CANCEL", "ABANDON"):
            remote = {"remote": {"cancellation_type": kind}}
            assert await self.run(*[activity(choice, delay="5s", **remote) for choice in CHOICES[1:4]]) == "done"

    async def local_activities_with_each_choice(self) -> None:
        assert await self.run(*[activity(choice, noop={}, is_local={}) for choice in CHOICES]) == "done"
        policy = {"retry_policy": {"initial_interval": "0.010s", "backoff_coefficient": 1}}
        assert await self.run(activity(retryable_error={"fail_attempts": 2}, is_local={}, **policy)) == "done"
        assert await self.run(*[activity(choice, delay="1s", is_local={}) for choice in CHOICES[1:4]]) == "done"

    async def children_with_each_choice(self) -> None:
        assert await self.run(*[child(new_id(), returns(1), choice=choice) for choice in CHOICES]) == "done"
        endless = [child(new_id(), timer(60000), choice=choice) for choice in CHOICES[1:4]]
        assert await self.run(*endless) == "done"

    async def local_activities_that_fail_for_good(self) -> None:
        for_good = {"retry_policy": {"non_retryable_error_types": ["RetryableError"]}}
        error = await self.failure(activity(retryable_error={"fail_attempts": 1}, is_local={}, **for_good))
        assert isinstance(error, ActivityError) and error.cause.type == "RetryableError", error
        wrong = activity(payload={"bytes_to_return": -1}, is_local={})
        error = await self.failure({"nested_action_set": actions(activity(noop={}, is_local={}), wrong, concurrent=True)})
        assert isinstance(error, ActivityError) and error.cause.non_retryable, error

    async def children_that_fail(self) -> None:
        again = {"retry_policy": {"maximum_attempts": 2, "initial_interval": "0.010s"}}
        name = new_id()
        error = await self.failure(child(name, {"return_error": {"failure": {"message": "no"}}}, **again))
        assert isinstance(error, ChildWorkflowError) and isinstance(error.cause, ApplicationError), error
        started = [event async for event in self.client.get_workflow_handle(name).fetch_history_events()][0]
        assert started.workflow_execution_started_event_attributes.attempt == 2, started
        error = await self.failure(child(new_id(), timer(60000), workflow_run_timeout="1s"))
        assert isinstance(error, ChildWorkflowError) and isinstance(error.cause, TimeoutError), error
        name = new_id()
        parent = await self.start(actions(child(name, timer(60000))))
        await self.until_running(name)
        await self.client.get_workflow_handle(name).terminate()
        error = await cause_of(parent)
        assert isinstance(error, ChildWorkflowError) and isinstance(error.cause, TerminatedError), error

    async def started_now_and_awaited_later(self) -> None:
        assert await self.run(
            timer(50, "wait_started"),
            activity("wait_started", delay="0.050s"),
            child(new_id(), timer(10), returns(1), choice="wait_started"),
            {"await_pending_actions": {}},
        ) == "done"

    async def nested_and_concurrent_sets(self) -> None:
        inner = actions(timer(5), activity(noop={}), child(new_id(), returns(1)), concurrent=True)
        waits = {"await_workflow_state": {"key": "k", "value": "v"}}
        sets = actions(waits, actions_of(timer(5), {"set_workflow_state": {"kvs": {"k": "v"}}}), concurrent=True)
        assert await self.run({"nested_action_set": inner}, {"nested_action_set": sets}) == "done"
        first = actions(timer(60000), actions_of(timer(1), returns("first")), concurrent=True)
        assert await (await self.start(first)).result() == "first"

    async def patches(self) -> None:
        patched = {"set_patch_marker": {"patch_id": "one", "inner_action": timer(1)}}
        deprecated = {"set_patch_marker": {"patch_id": "two", "deprecated": True, "inner_action": returns("patched")}}
        assert await self.run(patched, patched, deprecated) == "patched"

    async def memo_and_search_attributes(self) -> None:
        keyword = payload("red")
        keyword["metadata"]["type"] = "S2V5d29yZA=="  # Keyword
        handle = await self.start(
            actions(
                {"upsert_memo": {"upserted_memo": {"fields": {"note": payload("kept")}}}},
                {"upsert_search_attributes": {"search_attributes": {"BatcherUser": keyword}}},
                returns("done"),
            )
        )
        assert await handle.result() == "done"
        seen = await handle.describe()
        assert await seen.memo() == {"note": "kept"}, await seen.memo()
        assert seen.search_attributes.get("BatcherUser") == ["red"], seen.search_attributes

    async def signals(self) -> None:
        for where in ("do_actions", "do_actions_in_main"):
            handle = await self.start()
            await handle.signal("do_actions_signal", message("DoSignalActions", {where: actions(timer(1), returns(where))}))
            assert await handle.result() == where
        one = message("DoSignalActions", {"do_actions": actions(returns("started"))})
        handle = await self.client.start_workflow(
            "kitchenSink", id=new_id(), task_queue=QUEUES[0], start_signal="do_actions_signal", start_signal_args=[one]
        )
        assert await handle.result() == "started"

    async def a_signal_during_the_last_task_is_seen_before_the_end(self) -> None:
        handle = await self.start(actions(activity(delay="2s", is_local={}), returns("done")))
        await self.until_running(handle.id)
        sent = {"do_actions": actions({"set_workflow_state": {"kvs": {"seen": "yes"}}})}
        await handle.signal("do_actions_signal", message("DoSignalActions", sent))
        assert await handle.result() == "done"
        assert await state_of(handle) == {"kvs": {"seen": "yes"}}

    async def signals_that_are_sent_twice(self) -> None:
        handle = await self.start(actions(returns("done")), expected_signal_count=2)
        for number in (1, 1, 2):
            sent = {"signal_id": number, "do_actions": actions({"set_workflow_state": {"kvs": {"last": str(number)}}})}
            await handle.signal("do_actions_signal", message("DoSignalActions", sent))
        assert await handle.result() == "done"

    async def queries_and_updates(self) -> None:
        handle = await self.start()
        state = {"kvs": {"k": "v"}}
        changed = await update(handle, do_actions=actions(timer(1), {"set_workflow_state": state}))
        assert changed == state, changed
        assert await state_of(handle) == state
        assert await update(handle, do_actions=actions(returns(5))) == 5
        for wrong in ({"reject_me": {}}, {"do_actions": actions({"return_error": {"failure": {"message": "no"}}})}):
            try:
                await update(handle, **wrong)
                raise AssertionError("it did not fail")
            except WorkflowUpdateFailedError as error:
                assert isinstance(error.cause, ApplicationError)
        start = WithStartWorkflowOperation(
            "kitchenSink", id=new_id(), task_queue=QUEUES[0], id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING
        )
        asked = message("DoActionsUpdate", {"do_actions": actions({"set_workflow_state": state})})
        got = await self.client.execute_update_with_start_workflow(
            "do_actions_update", asked, start_workflow_operation=start, result_type=RawValue
        )
        assert json.loads(got.payload.data) == state, got
        await handle.terminate()
        await (await start.workflow_handle()).terminate()

    async def continues_as_new(self) -> None:
        again = payload(message("WorkflowInput", {"initial_actions": [actions(timer(1), returns("again"))]}))
        assert await self.run({"continue_as_new": {"arguments": [again]}}) == "again"
        handle = await self.start()
        sent = {"do_actions": actions({"continue_as_new": {"arguments": [again]}})}
        await handle.signal("do_actions_signal", message("DoSignalActions", sent))
        assert await handle.result() == "again"

    async def errors(self) -> None:
        error = await self.failure({"return_error": {"failure": {"message": "wanted"}}})
        assert isinstance(error, ApplicationError) and error.message == "wanted", error
        error = await self.failure({"nexus_operation": {}})
        assert isinstance(error, ApplicationError) and error.type == "unsupported", error

    async def other_workflows_are_signalled_and_cancelled(self) -> None:
        one, two = await self.start(), await self.start(actions(timer(60000)))
        sent = payload(message("DoSignalActions", {"do_actions": actions(returns("from afar"))}))
        signal = {"workflow_id": one.id, "signal_name": "do_actions_signal", "args": [sent]}
        assert await self.run({"send_signal": signal}, {"cancel_workflow": {"workflow_id": two.id}}) == "done"
        assert await one.result() == "from afar"
        assert isinstance(await cause_of(two), CancelledError)

    async def a_client_inside_an_activity(self) -> None:
        state = {"set_workflow_state": {"kvs": {"seen": "yes"}}}
        sequence = {
            "action_sets": [
                {"actions": [{"do_signal": {"do_signal_actions": {"do_actions": actions(state)}}}]},
                {
                    "actions": [
                        {"do_query": {"report_state": {}}},
                        {"do_query": {"custom": {"name": "unknown"}, "failure_expected": True}},
                        {"do_update": {"do_actions": {"do_actions": actions(timer(1))}}},
                        {"do_update": {"do_actions": {"reject_me": {}}, "failure_expected": True}},
                        {"do_describe": {}},
                        {"nested_actions": {"actions": [{"do_describe": {}}]}},
                    ],
                    "concurrent": True,
                    "wait_at_end": "0.010s",
                },
            ]
        }
        waits = {"await_workflow_state": {"key": "seen", "value": "yes"}}
        assert await self.run(activity(client={"client_sequence": sequence}), waits) == "done"

    async def many_at_once(self) -> None:
        """The shape of a throughput scenario: each workflow with children, activities, timers and signals to itself."""
        mixed = [
            actions(*[activity(noop={}, is_local={}) for _ in range(3)], concurrent=True),
            actions(*[activity(payload={"bytes_to_receive": 256, "bytes_to_return": 256}) for _ in range(3)], concurrent=True),
            actions(timer(10), child(new_id(), activity(noop={}), returns(1), workflow_id=""), concurrent=True),
        ]
        sets = [*mixed, actions(returns("done"))]
        handles = await asyncio.gather(*[self.start(*sets, queue=QUEUES[i % 2]) for i in range(20)])
        assert await asyncio.gather(*[handle.result() for handle in handles]) == ["done"] * 20


def actions_of(*each: dict[str, Any]) -> dict[str, Any]:
    return {"nested_action_set": actions(*each)}


async def cause_of(handle: Any) -> BaseException:
    try:
        await handle.result()
    except WorkflowFailureError as error:
        return error.cause
    raise AssertionError("it did not fail")


def new_id() -> str:
    return f"kitchen-sink/{uuid.uuid4()}"


async def update(handle: Any, **what: Any) -> Any:
    result = await handle.execute_update("do_actions_update", message("DoActionsUpdate", what), result_type=RawValue)
    return json.loads(result.payload.data)


async def state_of(handle: Any) -> Any:
    return json.loads((await handle.query("report_state", result_type=RawValue)).payload.data)


async def check(name: str, case: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(60):
            await case()
    except Exception as error:
        print(f"not ok kitchen sink: {name}\n  | {type(error).__name__}: {str(error) or repr(error)}"[:900], flush=True)
        print(f"  | {getattr(error, 'cause', '')!r}"[:600], flush=True)
        return False
    print(f"ok kitchen sink: {name}", flush=True)
    return True


async def main(address: str, binary: str, protocol: str, *only: str) -> int:
    load_protocol(protocol)
    cases = Cases(await Client.connect(address))
    worker = await asyncio.create_subprocess_exec(binary, address, "default", *QUEUES, stdout=asyncio.subprocess.PIPE)
    assert worker.stdout is not None and await worker.stdout.readline() == b"ready\n", "the worker does not start"
    names = [name for name, value in vars(Cases).items() if name not in ("__init__", "start", "run", "failure", "until_running") and callable(value)]
    passed = await asyncio.gather(*(check(name, getattr(cases, name)) for name in names if not only or name in only))
    worker.terminate()
    async with asyncio.timeout(30):
        ends = await check("ends_when_told", lambda: ended(worker))
    return 0 if ends and all(passed) else 1


async def ended(worker: asyncio.subprocess.Process) -> None:
    assert await worker.wait() == 0


sys.exit(asyncio.run(main(*sys.argv[1:])))
