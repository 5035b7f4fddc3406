"""A header named trace: put in by the client, passed on by workflows to their activities, told by an activity."""

import contextvars
from typing import Any, Mapping

from temporalio import client, worker, workflow
from temporalio.api.common.v1 import Payload
from temporalio.converter import default as default_converter

seen: contextvars.ContextVar[str] = contextvars.ContextVar("trace", default="")


def text_of(headers: Mapping[str, Payload]) -> str:
    return headers["trace"].data.decode().strip('"') if "trace" in headers else ""


class FromClient(client.Interceptor):
    def intercept_client(self, next: client.OutboundInterceptor) -> client.OutboundInterceptor:
        return ClientOutbound(next)


class ClientOutbound(client.OutboundInterceptor):
    async def start_workflow(self, input: client.StartWorkflowInput) -> Any:
        input.headers = {**input.headers, "trace": default_converter().payload_converter.to_payload("python")}
        return await super().start_workflow(input)


class InWorker(worker.Interceptor):
    def intercept_activity(self, next: worker.ActivityInboundInterceptor) -> worker.ActivityInboundInterceptor:
        return ActivityInbound(next)

    def workflow_interceptor_class(self, input: worker.WorkflowInterceptorClassInput) -> type[worker.WorkflowInboundInterceptor]:
        return WorkflowInbound


class ActivityInbound(worker.ActivityInboundInterceptor):
    async def execute_activity(self, input: worker.ExecuteActivityInput) -> Any:
        seen.set(text_of(input.headers))
        return await super().execute_activity(input)


class WorkflowInbound(worker.WorkflowInboundInterceptor):
    def init(self, outbound: worker.WorkflowOutboundInterceptor) -> None:
        super().init(WorkflowOutbound(outbound))


class WorkflowOutbound(worker.WorkflowOutboundInterceptor):
    def start_activity(self, input: worker.StartActivityInput) -> workflow.ActivityHandle:
        headers = workflow.info().headers
        if "trace" in headers:
            input.headers = {**input.headers, "trace": headers["trace"]}
        return super().start_activity(input)
