#!/usr/bin/env python3
"""Records what Django REST framework answers, as the vectors in this folder.

Made with Python 3.11.7, Django 5.2.19, djangorestframework 3.18.3, django-filter 26.2:

    python3 -m venv v && v/bin/pip install django==5.2.19 djangorestframework==3.18.3 django-filter==26.2
    v/bin/python record.py            # writes *.json beside this script, or into the folder that is named

The models and serializers are shaped like Botdoc's (see the contract); the views answer with the validated data, so that the vectors
hold values as well as refusals. Bodies and headers are written as ISO 8859-1: one character is one byte.
"""

import io
import json
import logging
import pathlib
import random
import sys
import warnings

import django
from django.conf import settings

warnings.simplefilter("ignore")
logging.disable()
settings.configure(
    SECRET_KEY="x" * 40,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["rest_framework", "django_filters"],
    MIDDLEWARE=[],
    USE_TZ=True,
    LOGGING_CONFIG=None,
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
        # As it was for the versions of Botdoc's time: `[{}, {"first_name": [...]}]`.
        "LIST_SERIALIZER_ERRORS_AS_DICT": False,
    },
)
django.setup()

import django_filters  # noqa: E402
from django.core.exceptions import ValidationError  # noqa: E402
from django.core.validators import EmailValidator, URLValidator  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402
from django_filters.rest_framework import DjangoFilterBackend  # noqa: E402
from rest_framework import generics, pagination, serializers  # noqa: E402
from rest_framework.exceptions import ParseError  # noqa: E402
from rest_framework.parsers import JSONParser  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Container(models.Model):
    class Meta:
        app_label = "recorded"


class Media(models.Model):
    request = models.ForeignKey(Container, on_delete=models.CASCADE)
    number = models.IntegerField(default=0)

    class Meta:
        app_label = "recorded"
        ordering = ["-id"]


MOST = 2147483647
LEAST = -2147483648


class Key(serializers.PrimaryKeyRelatedField):
    def __init__(self, **kwargs):
        super().__init__(queryset=Container.objects.all(), **kwargs)


class MediaSerializer(serializers.Serializer):
    file = serializers.FileField()
    request = Key()
    name = serializers.CharField(required=False, max_length=20)
    current_chunk = serializers.IntegerField(required=False, default=1, min_value=1, max_value=MOST)
    total_chunks = serializers.IntegerField(required=False, default=1, min_value=1, max_value=100)
    tag = serializers.CharField(required=False, allow_blank=True, allow_null=True)


class AuthSerializer(serializers.Serializer):
    email = serializers.EmailField()
    api_key = serializers.CharField(max_length=60)


class RecipientSerializer(serializers.Serializer):
    first_name = serializers.CharField(required=False, allow_blank=True, allow_null=True, max_length=8)
    last_name = serializers.CharField(required=False, allow_null=True)
    nick = serializers.CharField(required=False, default="none")


class ItemSerializer(serializers.Serializer):
    interface_class = serializers.ChoiceField(choices=["email", "sms", "link"])
    value = serializers.CharField(max_length=255)
    kind = serializers.ChoiceField(choices=["a", "1"], required=False, allow_null=True, allow_blank=True)


class FeatureSerializer(serializers.Serializer):
    type = serializers.ChoiceField(choices=["push", "pull"])
    container = Key()
    message = serializers.CharField(required=False, allow_blank=True)
    allowed_file_extensions = serializers.ListField(child=serializers.CharField(max_length=5), required=False)
    is_draft = serializers.BooleanField(required=False)
    urgent = serializers.BooleanField(required=False, allow_null=True)
    max_files = serializers.IntegerField(required=False, allow_null=True, min_value=LEAST, max_value=MOST)


class ContainerSerializer(serializers.Serializer):
    page_type = serializers.ChoiceField(choices=["pushpull", "p2"])
    callback_url = serializers.URLField(required=False, allow_blank=True, max_length=60)
    display_chat = serializers.BooleanField()
    requester = Key(required=False, allow_null=True)
    extensions = serializers.ListField(child=serializers.CharField())


class MethodSerializer(serializers.Serializer):
    interface_class = serializers.ChoiceField(choices=["email", "sms"])
    value = serializers.CharField()


class ContactSerializer(serializers.Serializer):
    first_name = serializers.CharField()
    last_name = serializers.CharField(required=False, allow_blank=True)
    contact_method = MethodSerializer(many=True, required=False)


class RequestSerializer(serializers.Serializer):
    message = serializers.CharField(required=False, allow_blank=True)
    contact = ContactSerializer(many=True, required=False)
    is_draft = serializers.BooleanField(required=False)


class RowSerializer(serializers.Serializer):
    id = serializers.IntegerField()


def plain(value):
    """Validated data as JSON: a key by its number, a file by its name, and nothing for what is null."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, Container):
        return value.pk
    return value.name if hasattr(value, "name") else value


def takes(serializer_class):
    class Takes(APIView):
        def post(self, request, partial=False):
            serializer = serializer_class(data=request.data, partial=partial)
            serializer.is_valid(raise_exception=True)
            return Response(plain(dict(serializer.validated_data)))

        def patch(self, request):
            return self.post(request, partial=True)

    return Takes.as_view()


class Pages(pagination.PageNumberPagination):
    page_size = 10
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_paginated_response(self, data):
        links = {"previous": self.get_previous_link(), "next": self.get_next_link()}
        return Response({"links": links, "total_pages": self.page.paginator.num_pages,
                         "count": self.page.paginator.count, "results": [row["id"] for row in data]})


class Rows(generics.ListAPIView):
    queryset = Media.objects.all()
    serializer_class = RowSerializer
    pagination_class = Pages
    filter_backends = [DjangoFilterBackend]
    filterset_fields = ["request"]
    filterset_class = None


class ByNumber(django_filters.FilterSet):
    request = django_filters.NumberFilter(field_name="number")

    class Meta:
        model = Media
        fields = ["request"]


SHAPES = {
    "media": MediaSerializer, "auth": AuthSerializer, "recipient": RecipientSerializer, "item": ItemSerializer,
    "feature": FeatureSerializer, "container": ContainerSerializer, "request": RequestSerializer,
}
urlpatterns = [path(f"v1/{name}/", takes(shape)) for name, shape in SHAPES.items()]
urlpatterns += [
    path("v1/rows/", Rows.as_view()),
    path("v1/n\u00fambers/", Rows.as_view(filterset_class=ByNumber)),
]

client = Client(raise_request_exception=False)
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def ask(shape, content_type, body, method="POST"):
    body = as_bytes(body)
    environ = {"REQUEST_METHOD": method, "PATH_INFO": f"/v1/{shape}/", "CONTENT_LENGTH": str(len(body)),
               "wsgi.input": io.BytesIO(body)}
    if content_type is not None:
        environ["CONTENT_TYPE"] = content_type
    answer = client.request(**environ)
    return {"shape": shape, "method": method, "content_type": content_type, "body": body.decode("latin-1"), **said(answer)}


def said(answer):
    """What was answered: no text where Django itself refused or died."""
    is_ours = answer.get("Content-Type") == "application/json"
    return {"status": answer.status_code, "answer": answer.content.decode() if is_ours else None}


def part(name, value, more="", lines=""):
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"{more}\r\n{lines}\r\n'
    return as_bytes(head) + as_bytes(value) + b"\r\n"


def form(*parts):
    return b"".join(parts) + b"--B--\r\n"


def a_file(name="file", file_name="a.png", value="x", lines="Content-Type: image/png\r\n"):
    return part(name, value, f'; filename="{file_name}"', lines)


def dumps(value):
    return json.dumps(value, ensure_ascii=False)


# What a field may hold as JSON, each as the text of a value.
VALUES = [
    '""', '"  "', "null", "true", "false", "0", "1", "7", "9", "-1", "1.0", "7.0", "1.5", "1e3", "1e16", "1e400", "-0", "-0.0", "2.5e-7", "[]", "[1]",
    '["a"]', "{}", '{"a": [1, null, true, 1.50, "x\'y"]}', '"7"', '" 7 "', '"1.0"', '"1.00 "', '"1."', '".0"', '"1.0.0"', '"1_0"', '"_1"',
    '"+7"', '"+ 7"', '"\u0667"', '"7x"', '"x\\u0000y"', '"\\ud800"', '"a\\ud83d\\ude00"', '"true"', '"Yes"', '"no"', '"2"', '" true"', '"NULL"', '"email"', '"a"',
    "123456789012345678901234567890", '"123456789012345678901234567890"', "2147483648", "-2147483649", "9223372036854775808", '"' + "1" * 1001 + '"', '"' + "x" * 300 + '"',
    '"caf\u00e9 \u732b"', '"\\u2028<>&\\u007f"', '"a\\"b\\\\c\\n"', '"http://example.com/a?b=c"', '"ab@example.com"', '"\u00a0 x \u2003"',
]


def by_values():
    """Each kind of field with each value, the other fields being right."""
    good = {
        "item": {"interface_class": "sms", "value": "v"},
        "feature": {"type": "push", "container": 7},
        "container": {"page_type": "p2", "display_chat": True, "extensions": []},
        "auth": {"email": "a@b.de", "api_key": "k"},
        "recipient": {},
        "request": {},
    }
    for shape, field in [("item", "interface_class"), ("item", "value"), ("item", "kind"), ("feature", "container"), ("feature", "max_files"),
                         ("feature", "is_draft"), ("feature", "urgent"), ("feature", "allowed_file_extensions"), ("auth", "email"),
                         ("container", "callback_url"), ("container", "requester"), ("recipient", "first_name"), ("recipient", "nick"),
                         ("request", "contact"), ("request", "message")]:
        for value in VALUES:
            rest = {name: inner for name, inner in good[shape].items() if name != field}
            body = "{" + f'"{field}": {value}' + "".join(f", {dumps(name)}: {dumps(inner)}" for name, inner in rest.items()) + "}"
            yield ask(shape, JSON, body)
    for shape, field, rest in [("item", "interface_class", "value=v"), ("item", "value", "interface_class=sms"), ("item", "kind", "interface_class=sms&value=v"),
                               ("feature", "container", "type=push"), ("feature", "max_files", "type=push&container=7"), ("feature", "is_draft", "type=push&container=7"),
                               ("feature", "urgent", "type=push&container=7"), ("feature", "message", "type=push&container=7"), ("feature", "allowed_file_extensions", "type=push&container=7"),
                               ("container", "extensions", "page_type=p2"), ("container", "callback_url", "page_type=p2&extensions=a"),
                               ("container", "display_chat", "page_type=p2&extensions=a"), ("recipient", "last_name", ""), ("recipient", "nick", ""), ("media", "file", "request=7")]:
        for value in ["", "+", "7", "true", "x", "1.0", "%00", "%ff", "a%2Cb", "1_0", "%e7%8c%ab"]:
            yield ask(shape, FORM, f"{field}={value}&{rest}")


def by_hand():
    # Content types.
    ok = '{"email": "a@b.de", "api_key": "k"}'
    for content_type in [None, "", JSON, "text/plain", "application/json; charset=utf-8", "application/json;charset=latin-1", "application/json; charset=us-ascii",
                         "application/json; charset=nonsense", "application/json; charset=bz2_codec", 'Application/JSON; charset="UTF-8"', "application/*", "*/*",
                         "application/vnd.api+json", "text/json", " application/json ", "application/json;", "application", "image/\u00e9", 'te"xt/pl\\ain; a="b"',
                         "application/json, text/plain", FORM, MULTIPART]:
        for body in ["", ok]:
            yield ask("auth", content_type, body)
    yield ask("auth", "application/json; charset=latin-1", b'{"email": "\xe4", "api_key": "\xe4"}')
    yield ask("recipient", "application/json; charset=latin-1", b'{"first_name": "\xe4"}')
    yield ask("recipient", "application/json; charset=us-ascii", b'{"first_name": "\xe4"}')
    yield ask("recipient", FORM, "nick=b+c%20d%e4%zz%C3%A4&&first_name&=x;y=z&last_name=a=b")
    yield ask("recipient", FORM, b"nick=\xe4%C3%A4&first_name=\xe4")
    yield ask("recipient", FORM, "nick=\u732b%E4")
    yield ask("recipient", FORM + "; charset=iso-8859-1", b"nick=\xe4%C3%A4")
    yield ask("recipient", FORM + "; charset=us-ascii", b"nick=%C3%A4")
    yield ask("recipient", FORM, "&".join(["a=b"] * 1000) + "&nick=1")
    # Whole bodies.
    for body in ["null", "[]", "[1]", "1", "1.5", '"x"', "true", "{}", " {} ", "\ufeff{}", " ", "\n", '{"email": "x@y.zz", "email": 1, "api_key": "k"}', "[" * 400 + "]" * 400]:
        yield ask("auth", JSON, body)
    for body in [b"\xff", b'{"a": "\xff"}', b'{"email": "\xe4\xb8x"}', b'"abc\xc3', b"{}\xc3", b"{}\xe4\xb8", b'"\xed\xa0\x80"', b'"\xf0\x9f\x98"', b'\xc3\xa4"', b"\xf5", b"\x80", b'"\xc0\x80"', b"\xf0\x82\x82\x82",
                 '"\u732b\n'.encode(), b"{'a': 1}", b"NaN", b"[-Infinity]", b"1" * 4301, b"\xff\xfe{\x00}\x00"]:
        yield ask("auth", JSON, body)
    # Partial ones.
    yield ask("media", JSON, "{}", "PATCH")
    yield ask("media", JSON, '{"current_chunk": 0, "name": null}', "PATCH")
    yield ask("feature", FORM, "message=", "PATCH")
    yield ask("container", FORM, "page_type=p2", "PATCH")
    yield ask("container", FORM, "page_type=p2&extensions[1]=b&extensions[0]=a&extensions[0]=c", "PATCH")
    yield ask("media", "text/plain", "x", "PATCH")
    # Media.
    for body in ["{}", '{"file": null, "request": null}', '{"file": "", "request": ""}', '{"file": "x", "request": "9"}', '{"file": {}, "request": "abc", "current_chunk": "x", "total_chunks": []}',
                 '{"request": 7, "current_chunk": 0, "total_chunks": 101}', '{"request": true, "current_chunk": 3000000000, "total_chunks": "' + "9" * 50 + '"}']:
        yield ask("media", JSON, body)
    request = part("request", "7")
    for body in [
        form(a_file(), request), form(part("name", "b.png"), a_file(), request), form(request, a_file(), part("current_chunk", "2"), part("total_chunks", "2")),
        form(a_file()), form(request), form(), b"", b"x", b"--B", form(a_file(value=""), request), form(a_file(file_name=""), request), form(part("file", "text"), request),
        form(part("file", ""), request), form(a_file(), part("request", "")), form(a_file(), part("request", "9")), form(a_file(), part("request", "abc")), form(a_file(), part("request", " 7 ")),
        form(a_file(), part("request", "9"), part("current_chunk", "0"), part("total_chunks", "x")), form(a_file(), request, part("current_chunk", ""), part("tag", "")), form(a_file(), request, part("tag", " t ")),
        form(a_file(), request, request, part("request", "8")), form(a_file(), a_file("request", "7")), form(a_file(), request, a_file("name", "n.txt")), form(a_file(), request, a_file("current_chunk", "3")),
        form(a_file(), request, part("name", "x" * 21)), form(a_file(), request, part("name", "   ")), form(a_file(), request, part("name", b"\xff\xfe")), form(a_file(), request, part("na me", "x")),
        form(a_file(file_name="../x/y.png"), request), form(a_file(file_name="C:\\\\a\\\\b.png"), request), form(a_file(file_name=".."), request),
        form(part("file", "x", "; filename*=utf-8''K%C3%A4se.png"), request), form(part("file", "x", "; filename=\"x\"; filename*=UTF-8''y%20z.txt"), request),
        form(part("file", "x", "; filename*=nonsense''y"), request), form(part("file", "x", "; filename=a;b.png"), request), form(part("file", "x", "; FileName=\"A.png\""), request), form(part("file", "x", "; filename=<a.png>"), request),
        a_file() + request, a_file() + b'--B\r\nContent-Disposition: form-data; name="request"\r\n\r\n7', b"preamble\r\n" + form(a_file(), request) + b"epilogue",
        b'--B\nContent-Disposition: form-data; name="request"\n\n7\n--B--\n', b'--B\r\nContent-Type: a/b\r\n\r\nx\r\n' + form(request), b"--B\r\n\r\nx\r\n" + form(request),
        b'--B\r\ncontent-disposition:form-data;name=request\r\n\r\n7\r\n--B--', b'--B\r\nContent-Disposition : form-data; name="request"\r\n\r\n7\r\n--B--', b'--B\r\nContent-Disposition: form-data; name=" request "\r\n\r\n7\r\n--B--',
        b'--B\r\nContent-Disposition: form-data\r\n\r\n7\r\n--B--', b'--B\r\nContent-Disposition: attachment; name="request"\r\n\r\n7\r\n--B--', b'--B\r\nX: \xff\r\nContent-Disposition: form-data; name="request"\r\n\r\n7\r\n--B--',
        form(part("request", "7", lines="X: " + "y" * 900 + "\r\n")), form(part("request", "7", lines="X: " + "y" * 1100 + "\r\n")),
        form(part("request", "7", lines="X: " + "y" * 1100 + "\r\n"), a_file(value="z" * 2000)), form(part("name", "--Bx"), request), form(part("name", "a--B"), request), form(part("name", "a\r\n"), request), form(part("name", "\r\n\r\n"), request),
        form(*[part("a", "b")] * 998, part("tag", "t")), form(*[part("a", "b")] * 1010), form(*[a_file("a")] * 101),
    ]:
        yield ask("media", MULTIPART, body)
    for content_type in ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary=""', "multipart/form-data; boundary=" + "x" * 201, "multipart/form-data; boundary=" + "x" * 202, "multipart/form-data; boundry=B",
                         "multipart/form-data; boundary=\u00e9", 'multipart/form-data; boundary="B"', "multipart/form-data; Boundary=B", "Multipart/Form-Data; boundary=B", "multipart/form-data;boundary=B;charset=latin-1", "multipart/mixed; boundary=B",
                         'multipart/form-data; boundary="a\tb"', 'multipart/form-data; boundary="B "', "multipart/form-data; boundary=B; charset=nonsense", "multipart/*; boundary=B", 'multipart/form-data; boundary="B;"', "multipart/form-data; boundary=B; charset=hex"]:
        yield ask("recipient", content_type, form(part("nick", "\u00e9")))
    # Lists of forms and of objects.
    for body in ["extensions=a&extensions=b", "extensions[0]=a&extensions[2]=c&extensions[1]=b", "extensions[0]=&extensions[1]=b", "extensions[0]x=a", "extensions=a&extensions=", "extensions[x]=a", "extensions[]=a", "display_chat=1&extensions[0]=a"]:
        yield ask("container", FORM, "page_type=p2&" + body)
    for body in ["contact[0]first_name=A&contact[1]last_name=B", "contact[0]=x", "contact=x", "contact[0]first_name=A&contact[0]contact_method[0]interface_class=email&contact[0]contact_method[0]value=v",
                 "contact[3]first_name=A&contact[1]first_name=&contact[1]last_name=", "contact[0][first_name]=A", "contact[0]first_name=A&contact[0]=x", "contact[0]=x&contact[0]first_name=A", "contact[0]first_name=A&is_draft=on"]:
        yield ask("request", FORM, body)
    for body in [[{}], [{"first_name": "A"}, {}], [1, None, "x", [], True, 1.5], {}, {"first_name": "A"}, [{"first_name": "A", "contact_method": [{"interface_class": "fax"}, {"interface_class": "sms", "value": 5}]}],
                 [{"first_name": "", "last_name": None, "contact_method": None}], [{"first_name": "A", "contact_method": {}}], [{"first_name": "A", "contact_method": [{"interface_class": "sms", "value": 5}]}], [{"first_name": "A"}, {"first_name": []}, {"first_name": "B"}]]:
        yield ask("request", JSON, dumps({"contact": body, "is_draft": "maybe"}))
        yield ask("request", JSON, dumps({"contact": body}))
    yield ask("feature", JSON, '{"type": "p\\u2028q", "container": "\\u2029", "allowed_file_extensions": ["ok", null, 5, "", "toolong", {}, "a\\u0000b", true, 1.5]}')
    yield ask("feature", JSON, "{}")
    yield ask("feature", FORM, "")
    yield ask("container", JSON, "{}")
    yield ask("auth", JSON, '{"email": "' + "x" * 400 + '\\u0000", "api_key": "' + "k" * 61 + '\\u0000"}')
    yield ask("container", JSON, '{"page_type": "p2", "display_chat": true, "extensions": [], "callback_url": "' + "x" * 61 + '\\u0000"}')


def lists():
    answers = []
    queries = [
        "", "page=1", "page=2", "page=3", "page=0", "page=-1", "page=last", "page=LAST", "page=", "page=x", "page=1.0", "page=+2", "page=%2B2", "page=%202%20", "page=%D9%A2", "page=0_2", "page=_2", "page=02", "page=" + "9" * 30,
        "page=" + "0" * 4299 + "2", "page=" + "0" * 4300 + "2", "page=2&page=1", "page=1&page=2", "page_size=5", "page_size=5&page=2", "page_size=5&page=3", "page_size=0", "page_size=-1", "page_size=x", "page_size=", "page_size=1000", "page_size=%205%20",
        "page_size=%D9%A5", "page_size=" + "9" * 30, "page_size=3&page_size=5", "page_size=3&page=last", "page=2&page_size=5&z=1&a=%20b&a=%C3%A4&m=", "flag&page=2", "page=2&b=x+y&b=%2F~-._!*'()", "page=2&bad=%ff%zz", "page=2&bad=%E4%B8", "page=2&&&a=1;b=2", "page=2&=x&x==y",
        "request=7", "request=7&page=2", "request=8", "request=9", "request=x", "request=", "request=%207", "request=7.0", "request=-1", "request=x&page=x", "request=7&request=8", "request=" + "9" * 30, "request=%D9%A7", "request=7&page=9", "request=8&page=2", "request=8&page=last",
        "page=2&k%20ey=v&K=1&%C3%A9=1&_=2", "page=2&q=%22%3C%3E%5C%5E%60%7B%7C%7D%25%23%26%3D%2B", "page=2&q=[]{}|\\^\"<>`", "page=2&q=a%00b", "page=2&caf\u00c3\u00a9=1", "page=2&q=:/?@!$'()*,", "page=2&q=%f0%9f%98%80&q=%ef%bf%bd", "page=2&P=1&page_=1&page=2",
        "page_size=1&page=2", "page_size=1&page=13", "page_size=12", "page_size=13", "page=null", "page=%00", "page=1%002", "page=+", "page_size=7%0A", "page=true", "page=1e0",
    ]
    for query in queries:
        answers.append(list_at("/v1/rows/", query))
    for query in ["request=x", "request=5", "request=", "request=5.5", "request=1e400", "page=2", "request=NaN"]:
        answers.append(list_at("/v1/n\u00c3\u00bambers/", query))
    return answers


def list_at(where, query):
    answer = client.request(PATH_INFO=where, QUERY_STRING=query, HTTP_HOST="api.botdoc.example:8443", SERVER_PORT="8443")
    return {"path": where, "query": query, **said(answer)}


SEEDS = [
    '{"a": [1, 2.5, -3e-2, true, false, null], "b": {"c": "d\\n\\u00e9\\ud83d\\ude00"}, "e": ""}', '[[], {}, "", 0, -0, 1E5, 1e+5, 0.1]', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', " [ 1 , 2 ] ",
    '{"a":1,}', "[1,]", "[1 2]", '{"a" 1}', "{1: 2}", "nul", "tru", "-", "-x", "01", "1.", ".5", "1e", "1e+", "-Infinity", "-Infinit", "Infinity", "NaN", '"\\x"', '"\\u12"', '"\\u12g4"', '"\\ud800\\u12"', '"\\ud800\\u0041"', '"\\ud800x"', '"\\udc00"',
    '"a\tb"', '"abc', '"abc\\', "[", "{", '{"a', '{"a"', '{"a":', '{"a":1', "[1", "[1,", "", " ", "\n\n  x", '{\n"a": 1,\n"b" 2}', "[1]\n\nx", "\u732b", '"\u732b', "1e400", "1" * 4300, "1" * 4301, "-" + "1" * 4301, "1.0", "1e22", "1e-7", "123456789.123456789e10",
    "5e-324", "1.7976931348623157e308", "0.1e-6", "100000000000000000.0", "9007199254740993.0", "1e15", "1e16", "12345678901234567890123", "\x00", "\x7f", '{"a": 1, "a": 2}', "{} {}", "[1]]", "\r\n[\r\n1\r\n\r\nx", '"\\ud83d\\ude00"', '"\\ud83d\\\\de00', '"\\ud83d\\ude0',
]


def parsed(text):
    try:
        value = JSONParser().parse(io.BytesIO(text.encode()), JSON, {"encoding": "utf-8"})
    except ParseError as error:
        return {"text": text, "error": str(error.detail)}
    # Halves of surrogate pairs we do not keep as they are.
    return {"text": text, "repr": "" if "\\ud8" in text or "\\udc" in text else str(value)}


def json_texts():
    chance = random.Random(20200814)
    texts = list(SEEDS)
    pieces = ['"', "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "u", "\\u", "\\ud800", "\\udc00", "0", "1", "-", ".", "e", "+", "n", "null", "true", "NaN", "Infinity", "\u732b", "\U0001f600", "\t", "\x01", "f", '""', '"a"']
    while len(texts) < 700:
        if chance.random() < 0.5:
            text = list(chance.choice(SEEDS)[:200])
            for _ in range(chance.randint(1, 3)):
                at = chance.randint(0, len(text))
                text[at:at + chance.randint(0, 2)] = chance.choice(["", chance.choice(pieces)])
            texts.append("".join(text))
        else:
            texts.append("".join(chance.choice(pieces) for _ in range(chance.randint(1, 9))))
    return [parsed(text) for text in texts]


URLS = """http://example.com|https://example.com/a|HTTP://EXAMPLE.COM|ftp://example.com|ftps://a.bc|ws://example.com|http:/example.com|http//example.com|example.com|http://|http://a|http://localhost|http://localhost:8000/x|http://LOCALHOST
http://127.0.0.1|http://127.0.0.1:8000/cb|http://1.2.3.4.|http://1.2.3|http://1.2.3.256|http://01.2.3.4|http://0.0.0.0|http://[::1]|http://[::1]:80/|http://[::g]|http://[1.2.3.4]|http://[::ffff:1.2.3.4]/|http://[::1|http://::1|http://[]
http://user@example.com|http://user:pass@example.com|http://user:@example.com|http://:pass@example.com|http://a:b:c@example.com|http://a@b@example.com|http://a/b@example.com|http://a?b@example.com|http://example.com?b@c|http://example.com#b|http://example.com?|http://us[er@example.com
http://example.com:|http://example.com:0|http://example.com:65536|http://example.com:123456|http://example.com:8x|http://-a.com|http://a-.com|http://a.-b.com|http://a.b-.com|http://a.c-m|http://a.-om|http://a.com.|http://a.com./x|http://a.com..|http://a..com|http://.com
http://a.c|http://a.co|http://a.c1|http://a.1c|http://a.123|http://xn--a.xn--p1ai|http://a.xn--|http://a.xn--a|http://a.xn--a-b|http://\u732b.com|http://a.\u732b|http://a.\u732b\u732b|http://\U0001f600.com|http://a_b.com|http://a b.com|http://a.com/a b|http://a.com/\u732b|http://a.com/\u00a0x
http://exa\u2100mple.com|http://a.com\uff0fb|http://a.com/\uff0f|http://\uff41.com|http://a\uff1f.com|http://a%20b.com|http://a.com%20|http://a.com\\b|http://a.com/\\b|javascript:alert(1)|http://a.com\t|http://a.com/\nb|://a.com|http:///a.com|http://a.com/[x]|http://a.com/?[|http://a!b.com|mailto:a@b.de|http://a.com:80@b.com|http://a.com:80@b|http://\u00a1.com|http://\u00a0.com|http://a.museum|http://a.b.c.d.ef|http://\u212a.com|http://a.co\u212a""".replace("\n", "|").split("|")
LONG_URLS = ["http://" + "a" * 63 + ".com", "http://" + "a" * 64 + ".com", "http://a." + "b" * 63, "http://a." + "b" * 64, "http://a." + "b" * 63 + ".com", "http://a." + "b" * 64 + ".com", "http://a.xn--" + "a" * 59, "http://a.xn--" + "a" * 60,
             "http://" + ".".join(["a" * 49] * 5) + ".com", "http://" + ".".join(["a" * 49] * 5) + ".abc.de", "http://a.com/" + "x" * 2035, "http://a.com/" + "x" * 2036]
EMAILS = """a@b.de|A.B+c@Example.COM|a@localhost|a@LOCALHOST|a@b|@b.de|a@|a|a@b.de.|a b@c.de|"a b"@c.de|"a\\"b"@c.de|"a"b"@c.de|""@c.de|.a@b.de|a.@b.de|a..b@c.de|a@b@c.de|a@-b.de|a@b-.de|a@[127.0.0.1]|a@[::1]|a@[1.2.3]|a@[x]|a@127.0.0.1|\u732b@b.de|a@\u732b.de|a@b.\u732b\u732b|a@b.d|a@b.1e
a'b@c.de|a!#$%&'*+/=?^_`{|}~-@b.de|a,b@c.de|a;b@c.de|a@b..de|a@xn--a.de|a@b.xn--p1ai|a@b_c.de|\u017f@b.de|\u212a@b.de|\u0131@b.de|\u0130@b.de|a\u00e9@b.de|a@b.de,c@d.ef|<a@b.de>|a@b.com\u00a0x|"\u00e9"@b.de|"\\\u00e9"@b.de|a@[127.0.0.1|a@[127.0.0.1]x|a@[::ffff:1.2.3.4]""".replace("\n", "|").split("|")
LONG_EMAILS = ["a" * 313 + "@bcd.de", "a" * 314 + "@bcd.de", "a@" + "b" * 63 + ".de", "a@" + "b" * 64 + ".de"]
INTEGERS = ["", " ", "0", "00", "-0", "7", "+7", "-7", "--7", "+-7", "- 7", " 7\n", "\u00a07\u2003", "\x1c7", "\u200b7", "7\x00", "1_0", "1__0", "_1", "1_", "1e3", "0x1", "\u0661\u0662", "\u09e7", "\uff17", "\U0001d7ce", "\u00b2", "\u2460", "\u4e00", "1.0", "9" * 19, "9223372036854775807", "9223372036854775808", "-9223372036854775808", "9" * 50, "-" + "9" * 50, "+", "-", "1 0"]


def passes(validator, text):
    try:
        validator(text)
    except (ValidationError, ValueError):
        return False
    return True


def integer(text):
    try:
        return str(int(text))
    except ValueError:
        return None


def words():
    """What single texts are, and the ten characters of each script's digits."""
    import unicodedata

    zeros = [point for point in range(0x110000) if unicodedata.decimal(chr(point), None) == 0]
    return {
        "urls": [[text, passes(URLValidator(), text)] for text in URLS + LONG_URLS],
        "emails": [[text, passes(EmailValidator(), text)] for text in EMAILS + LONG_EMAILS],
        "integers": [[text, integer(text)] for text in INTEGERS],
        "zeros": zeros,
        "spaces": [point for point in range(0x110000) if chr(point).isspace()],
        "reprs": [[text, repr(text)] for text in ["", "a", "'", '"', "'\"", "\\", "\n\r\t", "\x00\x1f\x7f\x80\xa0\xad", "\u732b\u00e9", "\U0001f600", "\u200b\u2028\ufeff\ue000\ufffe\u0378", "\u3000"]],
    }


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__)
    folder = folder if folder.is_dir() else folder.parent
    with connection.schema_editor() as editor:
        editor.create_model(Container)
        editor.create_model(Media)
    containers = [Container.objects.create(id=number) for number in (7, 8)]
    for number in range(1, 14):
        Media.objects.create(id=number, request=containers[0], number=5)
    everything = {"requests": list(by_values()) + list(by_hand()), "lists": lists(), "json_texts": json_texts(), "words": words()}
    for name, vectors in everything.items():
        rows = vectors if isinstance(vectors, list) else None
        text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n" if rows else json.dumps(vectors, indent=None) + "\n"
        (folder / f"{name}.json").write_text(text)
        print(name, len(vectors))


if __name__ == "__main__":
    main()
