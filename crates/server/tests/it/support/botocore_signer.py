"""AWS's own signer, botocore, asked by lines of JSON. It never goes to the network: URLs are signed and read as texts.
{"id": 1, "do": "sign", "operation": "get_object", "endpoint": ..., "keys": [id, secret], "region": ..., "parameters": {...}, "now_ms": ...,
"expires_s": ...} and {"id": 2, "do": "sign_again", "url": ..., "keys": ..., "region": ...} are answered by {"id": 1, "ok": url};
{"id": 3, "do": "read_error", "xml": ...} by the texts of its elements. It ends with its input."""

import datetime
import json
import sys
import xml.etree.ElementTree
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

AMZ_DATE = "%Y%m%dT%H%M%SZ"


def set_clock(now):
    botocore.auth.get_current_datetime = lambda *_, **__: now


def sign(asked):
    key_id, secret = asked["keys"]
    set_clock(datetime.datetime.fromtimestamp(asked["now_ms"] // 1000, datetime.timezone.utc))
    client = botocore.session.Session().create_client(
        "s3",
        region_name=asked["region"],
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        endpoint_url=asked["endpoint"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    return client.generate_presigned_url(asked["operation"], Params=asked["parameters"], ExpiresIn=asked["expires_s"])


def sign_again(asked):
    parts = urlsplit(asked["url"])
    query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
    signing = dict(pair for pair in query if pair[0].startswith("X-Amz-"))
    others = {name: value for name, value in query if name not in signing}
    set_clock(datetime.datetime.strptime(signing["X-Amz-Date"], AMZ_DATE))
    request = AWSRequest("GET", urlunsplit((*parts[:3], "", "")), params=others)
    signer = botocore.auth.S3SigV4QueryAuth(
        Credentials(*asked["keys"]), "s3", asked["region"], expires=int(signing["X-Amz-Expires"])
    )
    signer.add_auth(request)
    return request.url


def read_error(asked):
    root = xml.etree.ElementTree.fromstring(asked["xml"])
    return {"": root.tag, **{element.tag: element.text or "" for element in root}}


VERBS = {"sign": sign, "sign_again": sign_again, "read_error": read_error}

for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"ok": VERBS[asked["do"]](asked)}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps({"id": asked["id"], **answer}), flush=True)
