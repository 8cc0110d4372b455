"""Random bodies: what clients may send, and what only a hostile one does."""

from __future__ import annotations

import random
from typing import Any

#: The smallest PNG; its base64 counts as an image, not as text.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class Bodies:
    """Makes bodies; all of one seed are the same."""

    def __init__(self, dice: random.Random):
        self.dice = dice

    def make(self, mark: str) -> dict[str, Any]:
        """A body whose first text is `mark`, which tells the provider what to do."""
        dice = self.dice
        messages: list[Any] = [{"role": "user", "content": mark + " " + self.words()}]
        for _ in range(dice.choice([0, 0, 0, 1, 2, 4])):
            messages.insert(dice.randrange(len(messages) + 1), self.message())
        messages.append({"role": "user", "content": self.content()})
        body: dict[str, Any] = {"messages": messages}
        if dice.random() < 0.6:
            body[dice.choice(["max_tokens", "max_tokens", "max_completion_tokens"])] = dice.choice([1, 16, 50, 200, 1_000, 50_000])
        for chance, name, value in [
            (0.2, "tools", [self.tool(index) for index in range(dice.randrange(1, 4))]),
            (0.1, "response_format", {"type": "json_schema", "json_schema": {"name": "f", "schema": self.schema(2)}}),
            (0.1, "stop", [self.words(1), "\n"]),
            (0.1, "n", dice.choice([1, 2, 3])),
            (0.1, "reasoning_effort", dice.choice(["low", "high", "none"])),
            (0.1, "unknown_member", self.noise()),
            (0.1, "logit_bias", {str(number): 1 for number in range(dice.randrange(30))}),
            (0.05, "user_info", {"a": [10**15 + number for number in range(dice.randrange(200))]}),
        ]:
            if dice.random() < chance:
                body[name] = value
        return body

    def words(self, most: int = 12) -> str:
        return " ".join(self.dice.choice(["tok", "é", "漢字", "a" * 30, "\\", '"', "\n", "🙂", "0123456789"]) for _ in range(self.dice.randrange(1, most + 1)))

    def noise(self, depth: int = 3) -> Any:
        dice = self.dice
        kind = dice.randrange(6 if depth else 4)
        if kind == 0:
            return dice.choice([0, -1, 10**18, 0.5, 1e300])
        if kind == 1:
            return dice.choice([True, False])
        if kind < 4:
            return self.words()
        if kind == 4:
            return [self.noise(depth - 1) for _ in range(dice.randrange(5))]
        return {self.words(2): self.noise(depth - 1) for _ in range(dice.randrange(5))}

    def message(self) -> dict[str, Any]:
        dice = self.dice
        kind = dice.randrange(6)
        if kind == 0:
            return {"role": "system", "content": self.words(40)}
        if kind == 1:
            return {"role": "assistant", "content": self.words(20)}
        if kind == 2:
            arguments = dice.choice(['{"a": [' + ", ".join(["1000000000"] * dice.randrange(1, 60)) + "]}", "{}", '{"q": "' + "x" * dice.randrange(200) + '"}'])
            return {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "t0", "arguments": arguments}}]}
        if kind == 3:
            return {"role": "tool", "tool_call_id": "c1", "content": self.words(30)}
        if kind == 4:
            return {"role": "user", "name": "n" * dice.randrange(1, 40), "content": self.words()}
        return {"role": "user", "content": self.content()}

    def content(self) -> Any:
        dice = self.dice
        if dice.random() < 0.6:
            return self.words(dice.choice([1, 30, 120]))
        return [self.part() for _ in range(dice.randrange(1, 4))]

    def part(self) -> dict[str, Any]:
        """A part: honest ones, and those that hide text behind another member's name."""
        dice, text = self.dice, self.words(30)
        return dice.choice(
            [
                {"type": "text", "text": text},
                {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                {"type": "text", "text": "hi", "image_url": "x", "note": text * 4},
                {"type": "text", "text": "hi", "image_url": {"url": f"data:image/png;base64,{'A' * dice.randrange(600)}"}},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "high"}, "text": text * 5},
                {"type": "refusal", "refusal": text, "image_url": "x"},
                {"type": "text", "text": "hi", "annotations": [text] * 3},
            ]
        )

    def tool(self, index: int) -> dict[str, Any]:
        return {"type": "function", "function": {"name": f"t{index}", "description": self.words(30), "parameters": self.schema(3)}}

    def schema(self, depth: int) -> dict[str, Any]:
        dice = self.dice
        schema: dict[str, Any] = {"type": "object", "properties": {}}
        for number in range(dice.randrange(1, 4)):
            inner = self.schema(depth - 1) if depth and dice.random() < 0.3 else {"type": dice.choice(["string", "integer"]), "description": self.words(6)}
            schema["properties"][f"p{number}"] = inner
        if dice.random() < 0.2:
            schema["$defs"] = {"d": {"type": "string", "description": self.words(10)}}
            schema["properties"]["r"] = {"$ref": "#/$defs/d"}
        return schema
