"""The other opinion about AWS signatures."""

from __future__ import annotations

import pytest

from ..scripted import Call
from .provider import KEYS, REGION


def signature(call: Call) -> str:
    """What AWS's own library makes of the request."""
    auth, credentials, aws = pytest.importorskip("botocore.auth"), pytest.importorskip("botocore.credentials"), pytest.importorskip("botocore.awsrequest")
    signed = call.header("authorization").split("SignedHeaders=")[1].split(",")[0].split(";")
    request = aws.AWSRequest("POST", f"http://{call.header('host')}{call.path}", {name: call.header(name) for name in signed}, call.raw_body)
    request.context["timestamp"] = call.header("x-amz-date")
    signer = auth.SigV4Auth(credentials.Credentials(KEYS["E2E_AWS_ID"], KEYS["E2E_AWS_SECRET"], KEYS["E2E_AWS_TOKEN"]), "bedrock", REGION)
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
