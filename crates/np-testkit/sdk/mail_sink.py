"""A mail server that keeps each message it takes as a line of JSON on standard output.

Arguments: the port, and for STARTTLS with a login the files of a certificate and of its key. What stands before the @ of an
address and in the environment variable REFUSED, separated by commas, is refused as a mailbox that there is not.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD = b"nameplate", b"correct horse"
REFUSED = set(filter(None, os.environ.get("REFUSED", "").split(",")))


class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.split("@")[0] in REFUSED:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": message["subject"],
            "headers": {name.lower(): value for name, value in message.items()},
            "text": message.get_content().replace("\r\n", "\n"),
            "tls": session.ssl is not None,
        }), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (USER, PASSWORD))


async def serve():
    options = {}
    if len(sys.argv) > 2:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[2], sys.argv[3])
        options = {"tls_context": tls, "require_starttls": True, "authenticator": authenticate, "auth_required": True}
    Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[1]), **options).start()
    await asyncio.Event().wait()


asyncio.run(serve())
