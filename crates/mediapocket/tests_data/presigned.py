#!/usr/bin/env python3
"""Records the presigned URLs that botocore makes, as presigned.json.

Made with Python 3.11, botocore 1.44.8:

    python3 -m venv v && v/bin/pip install botocore==1.44.8
    v/bin/python presigned.py         # writes presigned.json beside this script, or into the folder that is named

Signs offline, at a fixed time. `ours` marks the URLs that our server signs too, and must sign the same to the byte; the others are only to
be accepted. `headers` are those that a client has to send with the URL, and `answer` those that the URL asks for in the answer.
"""

import datetime
import json
import pathlib
import sys

import botocore.auth
import botocore.session
from botocore.config import Config

NOW = datetime.datetime(2023, 11, 27, 9, 43, 39)
ENDPOINT = "http://127.0.0.1:8080/mediapocket/s3"
BUCKET = "mediapocket-test-account-5"
KEY_ID, SECRET, REGION = "access-key-id-1", "secret/+of=the&server", "eu-central-1"

botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW


def sign(name, key="test_key", endpoint=ENDPOINT, method="get_object", expires=900, region=REGION, token=None, headers=None, answer=None, **more):
    client = botocore.session.Session().create_client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        aws_session_token=token,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    params = {"Bucket": BUCKET, "Key": key, **more}
    url = client.generate_presigned_url(method, Params=params, ExpiresIn=expires)
    answer = dict(answer or {})
    if "ResponseContentDisposition" in more:
        answer["content-disposition"] = more["ResponseContentDisposition"]
    plain = method == "get_object" and not token and not headers and set(more) <= {"ResponseContentDisposition"}
    return {
        "name": name,
        "http_method": {"get_object": "GET", "head_object": "HEAD", "put_object": "PUT"}[method],
        "region": region,
        "expires_s": expires,
        "token": token,
        "headers": headers or {},
        "answer": answer,
        "ours": plain,
        "url": url,
    }


def named(name, text):
    return sign(name, ResponseContentDisposition=text)


cases = [
    sign("bare"),
    named("as in the seed", "attachment; filename=Asset_file_name.test_key"),
    named("quotes", 'attachment; filename="my \\"best\\" file.pdf"; filename*=UTF-8\'\'my%20file.pdf'),
    named("unicode", 'attachment; filename="Äiti & isä – 写真 🎬.jpg"'),
    named("reserved", "a+b c&d=e%20f/g?h#i~j*k(l)m!n'o,p:q@r$s[t]"),
    named("spaces outside", " inline "),
    sign("key with spaces", key="a folder/an  asset.jpg"),
    sign("key in unicode", key="kesä/写真 🎬.jpg"),
    sign("key with a plus", key="1+1=2&3.txt"),
    sign("key with a tilde", key="~a-b_c.d~"),
    sign("key with a percent sign", key="100%/a%2Fb%zz.txt"),
    sign("key with query signs", key="what?is#this;a=b"),
    sign("key with dots and slashes", key="a//b/./../c/"),
    sign("key like a header", key="host:a\tb"),
    sign("one second", expires=1),
    sign("a week", expires=604800),
    sign("another region", region="us-east-1"),
    sign("default port of http", endpoint="http://media.example:80/mediapocket/s3"),
    sign("default port of https", endpoint="https://media.example:443/mediapocket/s3"),
    sign("other default port", endpoint="http://media.example:443/mediapocket/s3"),
    sign("https", endpoint="https://media.example", ResponseContentDisposition="inline"),
    sign("host in capitals", endpoint="https://Media.Example/mediapocket/s3"),
    sign("address of version 6", endpoint="http://[::1]:8080/mediapocket/s3"),
    sign(
        "everything of the answer",
        ResponseContentType="image/svg+xml; charset=utf-8",
        ResponseContentLanguage="fi, en",
        ResponseExpires=datetime.datetime(2024, 1, 2, 3, 4, 5),
        ResponseCacheControl="private, max-age=60",
        ResponseContentDisposition="inline",
        ResponseContentEncoding="identity",
        answer={
            "content-type": "image/svg+xml; charset=utf-8",
            "content-language": "fi, en",
            "expires": "Tue, 02 Jan 2024 03:04:05 GMT",
            "cache-control": "private, max-age=60",
            "content-encoding": "identity",
        },
    ),
    sign("a version", VersionId="3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY", PartNumber=1),
    sign("signed range", Range="bytes=0-9", headers={"range": "bytes=0-9"}),
    sign("signed etag", IfNoneMatch='"abc"', headers={"if-none-match": '"abc"'}),
    sign(
        "signed headers of S3's",
        ExpectedBucketOwner="111122223333",
        RequestPayer="requester",
        headers={"x-amz-expected-bucket-owner": "111122223333", "x-amz-request-payer": "requester"},
    ),
    sign("checksums", ChecksumMode="ENABLED", headers={"x-amz-checksum-mode": "ENABLED"}),
    sign("head", method="head_object"),
    sign("put", method="put_object"),
    sign("session token", token="a+token/of=somebody else's"),
]

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
data = {"now": NOW.isoformat() + "Z", "access_key_id": KEY_ID, "secret": SECRET, "cases": cases}
(folder / "presigned.json").write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
