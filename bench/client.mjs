// client.mjs: the few requests to Mediary that prepare a measurement. It measures nothing.

/** Adds a file to the organization's media, or to one folder of it, and returns its id. */
export async function addFile(server, name, bytes, type = "application/octet-stream", folderId) {
  const form = new FormData();
  form.append("files[0]", new Blob([bytes], { type }), name);
  const place = folderId === undefined ? `organizationId=${server.organization_id}` : `folderId=${folderId}`;
  const answer = await asked(server, `${server.api}/files?${place}`, { method: "POST", body: form });
  return (await answer.json()).files[0].id;
}

/** Makes a folder and returns its id. */
export async function addFolder(server, name) {
  const body = JSON.stringify({ name, organizationId: server.organization_id });
  const headers = { "Content-Type": "application/json" };
  return (await (await asked(server, `${server.api}/folders`, { method: "POST", body, headers })).json()).id;
}

/** The bytes behind a URL. */
export async function fetchBytes(server, url) {
  return Buffer.from(await (await asked(server, url)).arrayBuffer());
}

/** An answer that is no fault. */
export async function asked(server, url, { headers = {}, ...options } = {}) {
  const answer = await fetch(url, { ...options, headers: { ...headers, "Auth-token": server.auth_token } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}
