// print-keys.mjs KEYS BASE: prints the addresses and keys of a new library, and lines to paste into a shell.
// It knows the shape of what `mediary init --json` prints, and nothing else of the server.
import { readFileSync } from "node:fs";

const [keysPath, base] = process.argv.slice(2);
const { tenant, admin, fliplet, mediaflow, flextype } = JSON.parse(readFileSync(keysPath, "utf8"));

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
`);
