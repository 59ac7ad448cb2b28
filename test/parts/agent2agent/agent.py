"""An agent of a2a-sdk that takes policies, and prints each data part as a line. `slow` is at work until `go` comes."""
import asyncio
import json
import sys

import uvicorn
from a2a.server.agent_execution import AgentExecutor
from a2a.server.apps import A2AStarletteApplication
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentSkill, DataPart
from a2a.utils import new_agent_text_message

port, rejected = int(sys.argv[1]), sys.argv[2]
released = asyncio.Event()


class Policies(AgentExecutor):
    async def execute(self, context, queue):
        [part] = [part.root for part in context.message.parts if isinstance(part.root, DataPart)]
        print(json.dumps({"id": context.message.message_id, "data": part.data}), flush=True)
        policy = part.data["data"]["id"]
        if policy == "by-message":
            return await queue.enqueue_event(new_agent_text_message("taken"))
        updater = TaskUpdater(queue, context.task_id, context.context_id)
        await updater.submit()
        if policy == "slow":
            await updater.start_work()
            await released.wait()
        if policy == "go":
            released.set()
        await (updater.reject() if policy == rejected else updater.complete())

    async def cancel(self, context, queue):
        raise NotImplementedError


card = AgentCard(
    name="Air board",
    description="takes policies",
    version="1.0.0",
    url=f"http://127.0.0.1:{port}/",
    capabilities=AgentCapabilities(streaming=False),
    default_input_modes=["application/json"],
    default_output_modes=["application/json"],
    skills=[AgentSkill(id="policy", name="policy", description="takes a policy", tags=["policy"])],
)
handler = DefaultRequestHandler(agent_executor=Policies(), task_store=InMemoryTaskStore())
uvicorn.run(A2AStarletteApplication(agent_card=card, http_handler=handler).build(), host="127.0.0.1", port=port, log_level="error")
