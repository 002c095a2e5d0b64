"""The Canadian skills test: a question, an answer, and a challenge good for one order of one offer (sheet, section 7).

May live here: questions, answers, challenges and what may use them. May not: what an order costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from stampcard_adapters.sandbox.jsontext import Json

from .errors import not_found, refused
from .fields import Fields

__all__ = ["Challenge", "Question", "SkillsTests"]

MULTIPLIERS: Final = (4, 6, 3, 7, 5)


@attrs.frozen(kw_only=True)
class Question:
    """A question put to one customer."""

    id: int
    user: str
    text: str
    answer: str

    def shown(self) -> dict[str, Json]:
        """What a reply holds of it: never the answer."""
        return {"skills_test_question": {"id": self.id, "question": self.text}}


@attrs.frozen(kw_only=True)
class Challenge:
    """An answer that was given, right or not, and the order that used it."""

    id: int
    user: str
    offer: int
    valid: bool
    used_by: int | None = None

    def shown(self) -> dict[str, Json]:
        """What a reply holds of it."""
        return {"id": self.id, "status": "valid" if self.valid else "invalid"}


class SkillsTests:
    """All questions put and answers given in one tenant."""

    def __init__(self, new_id: Callable[[str], int], *, answer_key: str, once: bool) -> None:
        self._new_id = new_id
        self._answer_key = answer_key
        self._once = once
        self._questions: dict[int, Question] = {}
        self.challenges: dict[int, Challenge] = {}

    def ask(self, user: str) -> Question:
        """A new question for this customer."""
        number = self._new_id("question")
        factor = MULTIPLIERS[number % len(MULTIPLIERS)]
        first, last = number % 90 + 10, number % 7 + 2
        question = Question(
            id=number,
            user=user,
            text=f"What is ({first} x {factor}) + {first} - {last}?",
            answer=str(first * factor + first - last),
        )
        self._questions[number] = question
        return question

    def question(self, question_id: int | None) -> Question | None:
        """A question that was put."""
        return None if question_id is None else self._questions.get(question_id)

    def answer(self, user: str, offer: int, question_id: int | None, body: Fields) -> Challenge:
        """The challenge an answer makes. Only the asked customer can answer."""
        question = self.question(question_id)
        if question is None or question.user != user:
            raise not_found("The question")
        given = body.need("challenge").need("skills_test_question")
        if given.integer("id", least=1) not in (None, question.id):
            raise refused("argument_error", "challenge.skills_test_question.id is not the one of the path.")
        said = given.spoken(self._answer_key)
        if said is None:
            raise refused("missing_data", f"challenge.skills_test_question.{self._answer_key} is required.")
        number = self._new_id("challenge")
        challenge = Challenge(id=number, user=user, offer=offer, valid=said == question.answer)
        self.challenges[number] = challenge
        return challenge

    def passed(self, challenge_id: int | None, *, user: str, offer: int) -> Challenge:
        """The challenge an order names, or challenge_not_found for every reason it cannot use it."""
        challenge = self.challenges.get(challenge_id or 0)
        fits = challenge is not None and challenge.valid and (challenge.user, challenge.offer) == (user, offer)
        if challenge is None or not fits or (self._once and challenge.used_by is not None):
            raise refused("challenge_not_found", "A challenge required by a Canadian contest is required.")
        return challenge

    def use(self, challenge: Challenge, order: int) -> None:
        """The order has used it."""
        self.challenges[challenge.id] = attrs.evolve(challenge, used_by=order)
