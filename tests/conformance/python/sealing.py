"""AES-256-GCM as temporal/codec_aes has it: nonce, ciphertext and tag of the whole payload."""

import dataclasses
import os
from typing import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

NONCE_BYTES = 12


class Sealing(PayloadCodec):
    def __init__(self, key_id: str, key: bytes) -> None:
        self.key_id = key_id.encode()
        self.cipher = AESGCM(key)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.opened(payload) for payload in payloads]

    def sealed(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        return Payload(
            metadata={"encoding": b"binary/encrypted", "encryption-key-id": self.key_id},
            data=nonce + self.cipher.encrypt(nonce, payload.SerializeToString(), None),
        )

    def opened(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != b"binary/encrypted":
            return payload
        if payload.metadata["encryption-key-id"] != self.key_id:
            raise ValueError("another key")
        return Payload.FromString(self.cipher.decrypt(payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:], None))


def converter(key_id: str, key: bytes) -> DataConverter:
    """Messages of failures are sealed, too."""
    return dataclasses.replace(
        DataConverter.default,
        payload_codec=Sealing(key_id, key),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
