//! What nobody should say: ids, queries, headers and values, as texts that go over the wire just so. Words stand between spaces.

/// In place of an id, or any other part of a path. Escaped, so that it is one.
pub const SEGMENTS: &str = r##"
0 -1 -0 00 007 1.5 1e3 0x10 +1 %2B1 %201 1%20 1_0 1,2 1;2 NaN 4294967295 4294967296 2147483648 9223372036854775807 9223372036854775808
-9223372036854775808 18446744073709551616 99999999999999999999999999999999 %D9%A1 %EF%BC%91 null true undefined %00 1%00 %0A
%0D%0AX-Injected:%201 %0d%0a%0d%0ainjected %FF %C3%28 %ED%A0%80 %F4%90%80%80 % %2 %zz %u0041 %25 %252e%252e .. . %2e%2e %2e
..%2f..%2fetc%2fpasswd ..%5c.. %2F 1%2F2 %5C ~ * ' '%20or%201=1-- %22 <script> ` [] {} [0] $1 %7B%7D .meta CON con.png a.txt:stream
a.png%00.txt %E2%80%AE %F0%9F%92%A9 %E2%80%8B %EF%BB%BF I%CC%87 a.b.c.d.e .png png. - _ -- @ ! = & ? ;x=1 a%3Fb a%23b x
"##;

/// Names that some dialect knows, in queries, forms and JSON alike.
pub const NAMES: &str = r##"
size quality format folderId appId organizationId mediaFolderId parentId files folders files[] name type types fields data limit page
per_page page_size offset order deletedOnly auth_token accessRules access_rules w h x1 x2 y1 y2 sw sh k permalink check locale processed
grant_type client_id client_secret refresh_token code redirect_uri response_type username password searchTerm filename filesize toFolder
contact project amount date usage id ids id[] id[0][a] url title description tags category external_id payload expiry_date media_id asset_id
asset_ids recipients shareable_link_ids message content comment to_project_id parent_id file_url media_type user_ids cursor AWSAccessKeyId
Expires Signature X-Amz-Algorithm X-Amz-Credential X-Amz-Date X-Amz-Expires X-Amz-SignedHeaders X-Amz-Signature response-content-disposition
response-content-type email api_key token request current_chunk total_chunks content_type tag page_type callback_url display_chat requester
first_name last_name interface_class value subject body container send_as to allowed_file_extensions max_file_size max_files file_size_limit
max_file_downloads push is_draft contact_method contact[0]first_name contact[0]contact_method[0]value contact[99999999999]first_name
contact[-1] long_message expiration metadata access_token new_id field folder options options[find][depth] options[where][0][key]
options[where][0][operator] options[where][0][value] options[sort_by][key] options[sort_by][direction] options[limit] options[offset]
options[only][] options[return] options[group_by] option method _METHOD collection sort_by where return q dpr fit crop blur __proto__
constructor a[b][c][d] a[ a] [ ] [] %00 💩
"##;

/// Values in queries and forms, escaped where they have to be.
pub const VALUES: &str = r##"
0 1 -1 2 10 100 1.5 1e9 0x1F NaN Infinity -Infinity 2147483648 4294967296 9223372036854775807 9223372036854775808 -9223372036854775809 1e999
99999999999999999999999999 true false null undefined None on 640>? 640<? 640x480 640!480 640>480 ?>480 ?x? 0x0 0!0 1!1 99999999>? -5>?
640>?>? thumb xlarge small 640%3E%3F 20!20 10000!10000 1,1,1,1 0,0,0,0 1,2,3,4,5 , ,,,, 1, a,b w o jpg webp png gif exe image audio video
any all 2023-11-28 2023-02-30 0000-00-00 9999-12-31 99999-01-01 -1-01-01 2023-11-28T00:00:00Z 1700000000000 -62135596801 253402300800 now
tomorrow last%20friday +1%20week first%20day%20of%20next%20month @9999999999999 [] {} [1,2,3] [[[[[[[[[[]]]]]]]]]] ["a" {"a": " ' \ %5C%00
%00 %FF%FE %C3%28 % %zz %0d%0aX-Injected:%201 %0aX-Injected:%201 ../../../../etc/passwd ..%2f.. /etc/passwd a/../b //a// a%2Fb .meta
%E2%80%AE %F0%9F%92%A9 %EF%BB%BF %E0%B8%81%E0%B8%B3 * %25 %25%25 _ ( .* (((a+)+)+)+$ [a- /(?R)/ /a/e regexp like between in DELETE PUT
http://127.0.0.1/ http://[::1]:80/ file:///etc/passwd javascript:alert(1) //evil.example data:text/html,x $%7Bjndi:ldap://x%7D {{7*7}}
<script>alert(1)</script> a@example.com a@b@c "a"@example.com %0a@example.com AND%201=1 ';%20drop%20table%20assets;%20--
attachment;%20filename="x%0D" attachment%3B%20filename%3D%22%0d%0aX-Injected:%201%22 text/html text%2Fhtml%0d%0a refresh_token password
authorization_code pushpull p2 link sms recursive depth
"##;

/// Headers, of which one is added or put in the place of another.
pub const HEADERS: &[(&str, &[u8])] = &[
    ("Range", b"bytes=0-0"),
    ("Range", b"bytes=-1"),
    ("Range", b"bytes=5-2"),
    ("Range", b"bytes=99999999999999999999-"),
    ("Range", b"bytes=0-,0-,0-,0-"),
    ("Range", b"bytes=0-1,2-3,-1"),
    ("Range", b"items=0-1"),
    ("Range", b"bytes=-0"),
    ("Range", b"bytes="),
    ("Range", b"bytes=18446744073709551615-18446744073709551615"),
    ("Range", b"bytes=\xff-"),
    ("If-Range", b"\"x\""),
    ("If-Range", b"Tue, 99 Foo 2023 99:99:99 GMT"),
    ("If-Match", b"*"),
    ("If-Match", b"\"x\""),
    ("If-Match", b"W/\"x"),
    ("If-Match", b""),
    ("If-None-Match", b"*"),
    ("If-None-Match", b"\"a\", W/\"b\", \"c"),
    ("If-Modified-Since", b"Thu, 01 Jan 1970 00:00:00 GMT"),
    ("If-Modified-Since", b"Fri, 31 Dec 9999 23:59:59 GMT"),
    ("If-Modified-Since", b"0"),
    ("If-Unmodified-Since", b"Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Accept", b"text/html"),
    ("Accept", b"application/xml;q=0.9, */*;q=x"),
    ("Accept", b"image/avif,image/webp"),
    ("Accept", b""),
    ("Accept", b"\xff"),
    ("Accept-Encoding", b"gzip, br, identity;q=0"),
    ("Accept-Language", b"sv;q=2,*"),
    ("Authorization", b""),
    ("Authorization", b"Bearer"),
    ("Authorization", b"Bearer "),
    ("Authorization", b"bearer \xff\xfe"),
    ("Authorization", b"Basic Og=="),
    ("Authorization", b"Basic \x80"),
    ("Authorization", b"JWT a.b.c"),
    ("Authorization", b"JWT eyJhbGciOiJub25lIn0.e30."),
    ("Authorization", b"Digest username=\"x\""),
    ("Authorization", b"AWS4-HMAC-SHA256 Credential=x/20231114/us-east-1/s3/aws4_request"),
    ("Auth-token", b"eu--x"),
    ("Auth-token", b"\xff"),
    ("X-API-KEY", b"x"),
    ("X-API-KEY", b"\xc3\x28"),
    ("Cookie", b"_fliplet_session=x; a=b; c"),
    ("Cookie", b"=;=;\xff"),
    ("Cookie", b"botdoc=x; code=1"),
    ("Content-Type", b"text/plain"),
    ("Content-Type", b"application/json; charset=utf-16"),
    ("Content-Type", b"application/json; charset=shift_jis"),
    ("Content-Type", b"multipart/form-data"),
    ("Content-Type", b"multipart/form-data; boundary="),
    ("Content-Type", b"multipart/form-data; boundary=\"a b\""),
    ("Content-Type", b"multipart/form-data; boundary=-"),
    ("Content-Type", b"application/x-www-form-urlencoded; charset=utf-7"),
    ("Content-Type", b""),
    ("Content-Type", b"\xff/\xff"),
    ("Content-Type", b"application/x-php-serialized"),
    ("Content-Encoding", b"gzip"),
    ("Content-MD5", b"x"),
    ("Expect", b"100-continue"),
    ("Expect", b"200-ok"),
    ("Origin", b"null"),
    ("Origin", b"https://evil.example"),
    ("Origin", b"\xff"),
    ("Access-Control-Request-Method", b"DELETE"),
    ("X-Forwarded-For", b"127.0.0.1, ::1, x"),
    ("X-Forwarded-Host", b"evil.example"),
    ("X-Forwarded-Proto", b"javascript"),
    ("X-Forwarded-Prefix", b"/../.."),
    ("Forwarded", b"for=\"[::1\";host=evil"),
    ("X-Original-URL", b"/readyz"),
    ("X-HTTP-Method-Override", b"DELETE"),
    ("X-Request-Id", b"x\tinjected"),
    ("X-Request-Id", b"\xff"),
    ("Upgrade", b"h2c"),
    ("HTTP2-Settings", b"AAMAAABkAARAAAAAAAIAAAAA"),
    ("Referer", b"http://evil.example/\xff"),
    ("User-Agent", b""),
    ("Upload-Offset", b"-1"),
    ("Tus-Resumable", b"1.0.0"),
    ("Content-Range", b"bytes 0-1/x"),
    ("Content-Disposition", b"attachment; filename=\"../x\""),
    ("TE", b"trailers"),
    ("Via", b"1.1 x"),
];

/// In place of anything in JSON.
pub const JSON: &str = r##"
null true false 0 -1 1.5 -0 1e400 -1e400 1e-400 9007199254740993 2147483648 4294967296 9223372036854775807 9223372036854775808
-9223372036854775809 18446744073709551616 123456789012345678901234567890123456789012345678901234567890 0.1234567890123456789 "" "\u0020" "0"
"-1" "1.5" "99999999999999999999" "true" "\u0000" "a\u0000b" "\ud800" "\udc00\ud800" "\r\nX-Injected:\u00201" "\u202e" "💩"
"../../etc/passwd" "a/b" "\\" "." ".." "2023-02-30" "9999-12-31" "99999-01-01" "0000-00-00" "http://127.0.0.1/" "file:///etc/passwd"
"a@example.com" "<script>" [] {} [[]] [{}] {"":""} [null] [0] [-1] [""] [1,"1",null,{}] [9223372036854775808] {"id":{"id":1}}
{"__proto__":1} {"a":1,"a":2} tru 01 +1 .5 1. NaN Infinity 'x' undefined "\x" [1,] {"a":1,}
"##;

/// Paths beside the routes.
pub const BESIDE: &str = r##"
/ // /. /.. /../ /./healthz /healthz /healthz/ /readyz /readyz/x /version /version?x=% /metrics /robots.txt /favicon.ico /fliplet /fliplet/
/fliplet// /fliplet/.. /mediaflow /mediaflow/1 /mediapocket/api /botdoc/v1 /botdoc/s/ /botdoc/s /flextype/api /flextype/project/uploads
/flextype/project/uploads/ /flextype/project/media/%2e%2e /fliplex /flipletx /FLIPLET/v1/media /%66liplet/v1/media /api/v1/ /-/ /.git/config
/admin /console /fliplet/apps/1/x /fliplet/organizations/-1/x /mediapocket/s3/x/y/z * http://evil.example/fliplet/v1/media http://
https://[::1]/healthz /% /%00 /%2e%2e/%2e%2e /fliplet/v1/media/files/1/contents/..%2f.. /mediaflow/images/..%2ficon101.gif
/mediaflow/info/54/ /mediaflow/skiss/..//x /mediaflow/1/file// /mediaflow/1/file/latest/
"##;

/// Methods, known and not.
pub const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BREW", "get", "G-T",
    "QUERY",
];
