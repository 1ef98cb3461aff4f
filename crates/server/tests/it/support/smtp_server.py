"""A mail server on a free port of 127.0.0.1. Prints {"port": ...}, then each mail that it takes as a line of JSON. Its standard input tells
it whom to refuse: {"id": 1, "do": "refuse", "address": "a@b.c", "answer": "451 try later"}, {"id": 2, "do": "accept", "address": "a@b.c"};
the address "*" stands for all. Each is answered by {"id": 1, "ok": null}, behind the mails that came before. It ends with its input."""

import asyncio
import base64
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP


def say(line):
    print(json.dumps(line), flush=True)


def body(message, kind):
    part = message.get_body((kind,))
    return part.get_content().replace("\r\n", "\n") if part else None


class Mailbox:
    def __init__(self):
        self.refused = {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = self.refused.get(address.lower(), self.refused.get("*"))
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "headers": [[name, str(value)] for name, value in message.items()],
                "text": body(message, "plain"),
                "html": body(message, "html"),
                "raw": base64.b64encode(envelope.content).decode(),
            }
        )
        return "250 OK"

    def obey(self, asked):
        address = asked.get("address", "").lower()
        if asked["do"] == "refuse":
            self.refused[address] = asked["answer"]
        elif asked["do"] == "accept":
            self.refused.pop(address, None)
        say({"id": asked["id"], "ok": None})


async def main():
    loop = asyncio.get_running_loop()
    mailbox = Mailbox()
    # With a name of its own it asks no one for one.
    session = lambda: SMTP(mailbox, hostname="mail.test", enable_SMTPUTF8=True, loop=loop)
    server = await loop.create_server(session, "127.0.0.1", 0)
    asked = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
    say({"port": server.sockets[0].getsockname()[1]})
    while line := await asked.readline():
        mailbox.obey(json.loads(line))


asyncio.run(main())
