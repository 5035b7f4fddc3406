"""The Python SDK's side of the interop tests: a worker, and a client that does what is asked on standard input.

Each line in is {"do": name, ...}, each line out {"value": ...} or {"failure": ...} as flows.describe tells it.
Arguments: the server's address, the task queue to work on. INTEROP_KEY: what payloads are sealed with, if set.
"""

import asyncio
import json
import logging
import os
import sys
from typing import Any

from google.protobuf import json_format, message
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowFailureError,
    WorkflowHistory,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.converter import DataConverter
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

import flows
import tracing


class Counterpart:
    def __init__(self, client: Client) -> None:
        self.client = client

    async def start(self, ask: dict[str, Any]) -> str:
        handle = await self.client.start_workflow(
            ask["type"],
            ask["argument"],
            id=ask["id"],
            task_queue=ask["queue"],
            memo=ask.get("memo"),
            search_attributes=keyword(ask.get("keyword", "")),
            start_signal=ask.get("signal"),
            start_signal_args=[ask["signal_argument"]] if "signal" in ask else [],
        )
        return handle.id

    async def result(self, ask: dict[str, Any]) -> Any:
        return await self.client.get_workflow_handle(ask["id"]).result()

    async def signal(self, ask: dict[str, Any]) -> None:
        await self.client.get_workflow_handle(ask["id"]).signal(ask["name"], ask["argument"])

    async def query(self, ask: dict[str, Any]) -> Any:
        args = [ask["argument"]] if "argument" in ask else []
        answer = await self.client.get_workflow_handle(ask["id"]).query(ask["name"], args=args)
        return json_format.MessageToDict(answer) if isinstance(answer, message.Message) else answer

    async def update(self, ask: dict[str, Any]) -> Any:
        return await self.client.get_workflow_handle(ask["id"]).execute_update(ask["name"], ask["argument"])

    async def update_with_start(self, ask: dict[str, Any]) -> Any:
        start = WithStartWorkflowOperation(
            ask["type"],
            ask["request"],
            id=ask["id"],
            task_queue=ask["queue"],
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        return await self.client.execute_update_with_start_workflow(ask["name"], ask["argument"], start_workflow_operation=start)

    async def cancel(self, ask: dict[str, Any]) -> None:
        await self.client.get_workflow_handle(ask["id"]).cancel()

    async def terminate(self, ask: dict[str, Any]) -> None:
        await self.client.get_workflow_handle(ask["id"]).terminate(*ask["details"], reason=ask["reason"])

    async def describe(self, ask: dict[str, Any]) -> Any:
        seen = await self.client.get_workflow_handle(ask["id"]).describe()
        attributes = seen.typed_search_attributes
        return {"status": seen.status.name, "memo": await seen.memo(), "keyword": attributes.get(flows.KEYWORD) or ""}

    async def replay(self, ask: dict[str, Any]) -> None:
        replayer = Replayer(
            workflows=flows.WORKFLOWS,
            workflow_runner=UnsandboxedWorkflowRunner(),
            data_converter=self.client.data_converter,
        )
        await replayer.replay_workflow(WorkflowHistory.from_json(ask["id"], ask["history"]))

    async def answer(self, ask: dict[str, Any]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(60):
                return {"value": await getattr(self, ask["do"])(ask)}
        except (WorkflowFailureError, WorkflowUpdateFailedError) as error:
            return {"failure": flows.describe(error.cause)}
        except WorkflowQueryFailedError as error:
            return {"failure": {"kind": "query", "message": error.message}}
        except RPCError as error:
            return {"failure": {"kind": "rpc", "code": error.status.name}}
        except Exception as error:
            return {"failure": {"kind": type(error).__name__, "message": str(error)}}


def keyword(value: str) -> TypedSearchAttributes | None:
    return TypedSearchAttributes([SearchAttributePair(flows.KEYWORD, value)]) if value else None


async def register_attributes(client: Client) -> None:
    attributes = {flows.KEYWORD.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD}
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=attributes)
        )
    except RPCError as error:
        if error.status != RPCStatusCode.ALREADY_EXISTS:
            raise


def data_converter() -> DataConverter:
    key = os.environ.get("INTEROP_KEY")
    if key is None:
        return DataConverter.default
    import sealing  # needs more than the SDK

    return sealing.converter("interop", key.encode())


async def main(address: str, queue: str) -> None:
    client = await Client.connect(address, interceptors=[tracing.FromClient()], data_converter=data_converter())
    await register_attributes(client)
    counterpart = Counterpart(client)
    loop = asyncio.get_running_loop()
    worker = Worker(
        client,
        task_queue=queue,
        workflows=flows.WORKFLOWS,
        activities=flows.ACTIVITIES,
        interceptors=[tracing.InWorker()],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        print(json.dumps({"value": "ready"}), file=answers, flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(await counterpart.answer(json.loads(line))), file=answers, flush=True)


answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # the SDK's core logs to standard output
logging.getLogger("temporalio").setLevel(logging.CRITICAL)  # failures are what is tested here
asyncio.run(main(*sys.argv[1:]))
