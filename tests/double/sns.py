"""SNS, where moto knows too little: a topic that is deleted takes all its subscriptions with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.sns.models import sns_backends

if TYPE_CHECKING:
    from tests.double.world import Answer, Forwarded, Request


def delete_topic(request: Request) -> Forwarded:
    """SNS API Reference, DeleteTopic: "Deletes a topic and all its subscriptions".

    Moto deletes those of the topic's account. Those of other accounts are deleted too
    (cloudformation-coverage-roadmap, issue 1388).
    """
    topic = str(request.params["TopicArn"])
    answer: Forwarded = request.forward()
    for of_account in list(sns_backends.values()):
        for backend in list(of_account.values()):
            for arn in [arn for arn in backend.subscriptions if arn.startswith(f"{topic}:")]:
                del backend.subscriptions[arn]
    return answer


ANSWERS: dict[str, Answer] = {"DeleteTopic": delete_topic}
