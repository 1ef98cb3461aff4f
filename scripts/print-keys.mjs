// print-keys.mjs KEYS BASE: prints the addresses and keys of a new library, and lines to paste into a shell.
// It knows the shape of what `mediary init --json` prints, and nothing else of the server.
import { readFileSync } from "node:fs";

const [keysPath, base] = process.argv.slice(2);
const { tenant, admin, fliplet, mediaflow, flextype, botdoc, mediapocket } = JSON.parse(readFileSync(keysPath, "utf8"));

/** Quotes text for a shell. */
const quoted = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;

const api = `${base}/fliplet/v1/media`;
const organization = `organizationId=${fliplet.organization_id}`;
const curl = `curl -sS -H ${quoted(`Auth-token: ${fliplet.auth_token}`)}`;
const folder = JSON.stringify({ name: "Holidays", organizationId: fliplet.organization_id });
const upload =
  `printf 'hello\\n' | ${curl} -F 'name[0]=hello.txt' -F 'files[0]=@-;filename=hello.txt;type=text/plain' ` +
  quoted(`${api}/files?${organization}`);
const idsOfUpload = `$(${upload} | node -p 'JSON.parse(require("fs").readFileSync(0)).files.map((f) => f.id).join()')`;

const token =
  `${base}/mediaflow/1/oauth2/token?grant_type=refresh_token&client_id=${mediaflow.client_id}` +
  `&client_secret=${mediaflow.client_secret}&refresh_token=${mediaflow.refresh_token}`;
const accessToken = `$(curl -sS ${quoted(token)} | node -p 'JSON.parse(require("fs").readFileSync(0)).access_token')`;
const latest = `${base}/mediaflow/1/file/latest?fields=id,name,filename,hasPreview,icon,smallPreview,type`;

const site = `${base}/flextype/api/media/files`;
const tokens = `-F token=${flextype.files_token} -F access_token=${flextype.access_token}`;
const webFile = `printf 'hello\\n' | curl -sS ${tokens} -F folder=notes -F 'file=@-;filename=hello.txt' ${quoted(site)}`;

const jwt =
  `$(curl -sS -d ${quoted(`email=${botdoc.email}`)} -d ${quoted(`api_key=${botdoc.api_key}`)} ` +
  `${quoted(`${base}/botdoc/v1/auth/get_token/`)} | node -p 'JSON.parse(require("fs").readFileSync(0)).token')`;
const media = `${base}/botdoc/v1/media/`;
const secret =
  `printf 'hello\\n' | curl -sS -H "Authorization: JWT ${jwt}" -F 'file=@-;filename=hello.txt' ` +
  `-F request=${botdoc.request_id} -F current_chunk=1 -F total_chunks=1 ${quoted(media)}`;

const pocket = `curl -sS -H ${quoted(`X-API-KEY: ${mediapocket.api_key}`)} -H 'Content-Type: application/json'`;
const day = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10);
const idOf = (field) => `node -p 'JSON.parse(require("fs").readFileSync(0)).${field}'`;
const asset = `$(${upload} | ${idOf("files[0].id")})`;
const followed =
  `asset=${asset}; media=$(${pocket} "${base}/mediapocket/api/v2/assets/$asset/media" | ${idOf("media[0].id")}); ` +
  `curl -sSL "$(${pocket} ${quoted(`${base}/mediapocket/api/v2/shareable_links`)} -d '{"expiry_date":"${day}","limit":2,` +
  `"payload":{"asset_id":"'$asset'","media_id":'$media',"filename":"hello"}}' | ${idOf("url")})"`;

console.log(`
Mediary is at ${base} (${tenant.name}). Ctrl-C stops it.

  Administrator      ${admin.email}
  Password           ${admin.password}

  Fliplet API        ${base}/fliplet/
  Auth-token         ${fliplet.auth_token}
  App token          ${fliplet.app_token}
  organizationId     ${fliplet.organization_id}
  appId              ${fliplet.app_id}

  Mediaflow API      ${base}/mediaflow/1/
  client_id          ${mediaflow.client_id}
  client_secret      ${mediaflow.client_secret}
  refresh_token      ${mediaflow.refresh_token}
  Upload folder      ${mediaflow.folder_id}

  Flextype API       ${base}/flextype/api/media/
  Files token        ${flextype.files_token}
  Folders token      ${flextype.folders_token}
  Access token       ${flextype.access_token}

  Botdoc API         ${base}/botdoc/v1/
  E-mail             ${botdoc.email}
  API key            ${botdoc.api_key}
  Request            ${botdoc.request_id}

  MediaPocket API    ${base}/mediapocket/api/v2/
  X-API-KEY          ${mediapocket.api_key}

All of these are kept in ${keysPath}. Lines to try, each by itself:

List what there is:
  ${curl} ${quoted(`${api}?${organization}`)}

Upload a file:
  ${upload}

Create a folder:
  ${curl} -H 'Content-Type: application/json' -d ${quoted(folder)} ${quoted(`${api}/folders`)}

Upload a file and fetch it back in a ZIP:
  ${curl} -o media.zip "${api}/zip?${organization}&files=${idsOfUpload}"

The same library through Mediaflow's API:
  curl -sS -H "Authorization: Bearer ${accessToken}" ${quoted(latest)}

Put a file at a path through Flextype's API, and read it there without a key:
  ${webFile}
  curl -sS ${quoted(`${base}/flextype/project/uploads/notes/hello.txt`)}

Send a media through Botdoc's API, which may be downloaded six times, and list them:
  ${secret}
  curl -sS -H "Authorization: JWT ${jwt}" ${quoted(media)}

Share what was uploaded by a MediaPocket link that works twice, and follow it:
  ${followed}
`);
