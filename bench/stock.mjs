// stock.mjs: libraries and folders of as many files as one likes, written straight into the database, because a million uploads take
// hours. It knows the tables that belong to a file; what is measured with it is in rows/size.mjs and rows/folders.mjs.
import { addFile, addFolder } from "./client.mjs";
import { noise, picture } from "./data.mjs";
import { stop } from "./processes.mjs";
import { mediary } from "./servers.mjs";

export const FILES_A_FOLDER = 100;
/** So many files come into a folder one after the other, then it is another's turn: a folder's files lie apart in time. */
const FILES_A_BATCH = 20;
/** How many files have one rare word, however many there are: so a search for it finds the same number in all libraries. */
export const FILES_A_RARE_WORD = 10;
const FILE_EVERY_MS = 30_000;

/** The words of the names: `all`, of which the first are in many names and the last in few; `rare`; and `missing`, in none. */
export const words = makeWords();

/**
 * Sets up a library of `files` files in folders of a hundred, a hundred folders in each of the organization's, and one file more whose
 * bytes they all have. Returns its keys and the ids of the first and the last of the folders with files.
 */
export async function stock(engine, folder, files) {
  const server = await mediary(folder, { core: null, env: engine.env });
  await addFile(server, "first.png", picture(64, 48, 1), "image/png");
  await addFolder(server, "Shelves");
  await stop(server.child);
  const rows = await engine.rows(statements(files, engine));
  const [firstFolder, lastFolder] = rows.at(-1).map(Number);
  return { keys: server.keys, firstFolder, lastFolder };
}

/** What a name is made of, by the file's number `n`: two words, common ones more often than others, or a rare one; and the number. */
const NAME = `
  case when n % $every = 0
    then (select word from rare_words where place = n / $every % $rare)
    else (select word from all_words where place = ${placeBy("n * 2654435761")}) || '-' ||
         (select word from all_words where place = ${placeBy("n * 2246822519 + 1013904223")})
  end || '-' || n || '.png'`;

/** A number's product, cut to 14 bits, spreads evenly over them; its cube makes the first words common. */
function placeBy(number) {
  const even = `((${number}) % 4294967296 / 262144)`;
  return `$words * ${even} * ${even} * ${even} / 4398046511104`;
}

const STATEMENTS = `
  $beforeLoad
  begin;
  create temp table all_words (place integer primary key, word text);
  create temp table rare_words (place integer primary key, word text);
  insert into all_words values $allWords;
  insert into rare_words values $rareWords;

  create temp table first as
    select a.id as asset_id, a.tenant_id, a.scan, a.created_by, a.created_at, v.blob_id, v.media_type, v.width, v.height, v.orientation,
      v.animated, b.size, s.id as shelves, s.path as shelves_path, s.slug as shelves_slug, s.space_id, s.public_read
    from assets a join versions v on v.asset_id = a.id join blobs b on b.id = v.blob_id join folders s on s.slug = 'shelves';

  create temp table new_folders as
    with recursive numbers (n) as (select cast(0 as bigint) union all select n + 1 from numbers where n + 1 < $folders + $shelves)
    select n as number, shelves + 1 + n as id, case when n < $shelves then shelves else shelves + 1 + (n - $shelves) / 100 end as parent_id,
      case when n < $shelves then 'shelf-' || n else 'box-' || (n - $shelves) end as name
    from numbers, first;
  create temp table new_assets as
    with recursive numbers (n) as (select cast(0 as bigint) union all select n + 1 from numbers where n + 1 < $files)
    select asset_id + 1 + n as id, shelves + 1 + $shelves + n / $batch % $folders as folder_id,${NAME} as name,
      created_at - ($files - n) * $every_ms as created_at
    from numbers, first;

  insert into folders (id, tenant_id, parent_id, space_id, kind, name, name_key, slug, path, public_read, created_by, created_at, updated_at)
    select id, tenant_id, parent_id, space_id, 'plain', name, name, name,
      shelves_path || case when parent_id = shelves then '' else parent_id || '/' end || id || '/',
      public_read, created_by, created_at, created_at
    from new_folders, first order by id;
  insert into names (folder_id, slug, child_folder_id) select parent_id, name, id from new_folders order by parent_id, name;

  insert into assets (id, tenant_id, folder_id, asset_key, slug, name, name_key, state, scan, version_number, created_by, created_at, updated_at,
      family)
    select n.id, tenant_id, folder_id, 'bench' || (100000000000000 + n.id), name, name, name, 'ready', scan, 1, created_by, n.created_at, n.created_at, 'image'
    from new_assets n, first order by n.id;
  insert into versions (asset_id, number, blob_id, media_type, width, height, orientation, animated, created_by, created_at, picture)
    select n.id, 1, blob_id, media_type, width, height, orientation, animated, created_by, n.created_at, 'drawn'
    from new_assets n, first order by n.id;
  insert into names (folder_id, slug, asset_id) select folder_id, name, id from new_assets order by folder_id, name;

  insert into tallies (tenant_id, folder_id, bucket, live, bytes)
    select tenant_id, folder_id, n.id / 1024, count(*), cast(sum(size) as bigint) from new_assets n, first group by 1, 2, 3;
  insert into tenant_tallies (tenant_id, bucket, live)
    select tenant_id, n.id / 1024, count(*) from new_assets n, first where true group by 1, 2
    on conflict (tenant_id, bucket) do update set live = tenant_tallies.live + excluded.live;
  commit;
  $afterLoad
  select shelves + 1 + $shelves, shelves + $shelves + $folders from first;`;

function statements(files, { beforeLoad, afterLoad }) {
  const folders = files / FILES_A_FOLDER;
  const list = (some) => some.map((word, place) => `(${place}, '${word}')`).join(", ");
  const values = {
    beforeLoad,
    afterLoad,
    files,
    folders,
    shelves: Math.ceil(folders / 100),
    batch: FILES_A_BATCH,
    words: words.all.length,
    every: files / (FILES_A_RARE_WORD * words.rare.length),
    rare: words.rare.length,
    every_ms: FILE_EVERY_MS,
    allWords: list(words.all),
    rareWords: list(words.rare),
  };
  return filled(STATEMENTS, values);
}

/** The number in a folder's first name; the others follow, so that their order is that of the names. */
const FIRST_NUMBER = 100_000;

/** The names in a folder that was filled, from 0 on. */
export const nameInFolder = (number) => `file-${FIRST_NUMBER + number}.txt`;

/**
 * Gives the folder with that slug as many files as wanted. One has to be there already, with the first of the names: the others have its
 * bytes and fields.
 */
export async function fillFolder(engine, slug, files) {
  const { beforeLoad, afterLoad } = engine;
  const values = { beforeLoad, afterLoad, slug, files, first_number: FIRST_NUMBER, every_ms: FILE_EVERY_MS };
  const rows = await engine.rows(filled(FILL, values));
  const found = Number(rows.at(-1)[0]);
  if (found !== files) throw new Error(`${slug} has ${found} files instead of ${files}`);
}

const FILL = `
  $beforeLoad
  begin;
  create temp table first as
    select a.id as asset_id, a.tenant_id, a.folder_id, a.title, a.description, a.text_key, a.state, a.scan, a.family, a.created_by,
      a.created_at, v.blob_id, v.media_type, v.picture, b.size, (select max(id) from assets) as last_id
    from folders f join assets a on a.folder_id = f.id join versions v on v.asset_id = a.id join blobs b on b.id = v.blob_id
    where f.slug = '$slug';
  create temp table new_assets as
    with recursive numbers (n) as (select cast(1 as bigint) union all select n + 1 from numbers where n + 1 < $files)
    select last_id + n as id, 'file-' || ($first_number + n) || '.txt' as name, created_at - ($files - n) * $every_ms as created_at
    from numbers, first;

  insert into assets (id, tenant_id, folder_id, asset_key, slug, name, name_key, title, description, text_key, state, scan, version_number,
      created_by, created_at, updated_at, family)
    select n.id, tenant_id, folder_id, 'bench' || (100000000000000 + n.id), name, name, name, title, description, text_key, state, scan, 1,
      created_by, n.created_at, n.created_at, family
    from new_assets n, first order by n.id;
  insert into versions (asset_id, number, blob_id, media_type, created_by, created_at, picture)
    select n.id, 1, blob_id, media_type, created_by, n.created_at, picture from new_assets n, first order by n.id;
  insert into fields (asset_id, field_path, position, kind, value)
    select n.id, d.field_path, d.position, d.kind, d.value from new_assets n, first, fields d
    where d.asset_id = first.asset_id order by n.id, d.field_path;
  insert into names (folder_id, slug, asset_id) select folder_id, name, n.id from new_assets n, first order by folder_id, name;

  insert into tallies (tenant_id, folder_id, bucket, live, bytes)
    select tenant_id, folder_id, n.id / 1024, count(*), cast(sum(size) as bigint) from new_assets n, first where true group by 1, 2, 3
    on conflict (tenant_id, folder_id, bucket) do update set live = tallies.live + excluded.live, bytes = tallies.bytes + excluded.bytes;
  insert into tenant_tallies (tenant_id, bucket, live)
    select tenant_id, n.id / 1024, count(*) from new_assets n, first where true group by 1, 2
    on conflict (tenant_id, bucket) do update set live = tenant_tallies.live + excluded.live;
  commit;
  $afterLoad
  select count(*) from assets where folder_id = (select folder_id from first);`;

/** A text with values in place of their names. */
const filled = (text, values) => text.replace(/\$(\w+)/g, (_, name) => values[name]);

/** Words that can be spoken, of two or three syllables, the same ones in every run. */
function makeWords() {
  const bytes = noise(1_000_000, 9);
  let at = 0;
  const one = (letters) => letters[bytes[at++] % letters.length];
  const syllable = () => one(["b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "w", "st", "tr", "ch", "br"]) +
    one("aeiou") + one(["", "", "n", "r", "l", "s", "t"]);
  const word = () => syllable() + syllable() + (bytes[at++] % 2 === 0 ? syllable() : "");
  const all = new Set();
  while (all.size < 2000) all.add(word());
  const known = [...all];
  const rare = [];
  while (rare.length < 10) {
    const candidate = word() + syllable();
    if (![...known, ...rare].some((other) => other.includes(candidate) || candidate.includes(other))) rare.push(candidate);
  }
  // Each three letters in a row are those of some word, so that only the six of them together are not found.
  const triples = new Set(known.flatMap((other) => [...other].slice(2).map((_, start) => other.slice(start, start + 3))));
  const missing = [];
  while (missing.length < 10) {
    const candidate = word().slice(0, 6);
    const sounds = [0, 1, 2, 3].every((start) => triples.has(candidate.slice(start, start + 3)));
    if (candidate.length === 6 && sounds && ![...known, ...rare].some((other) => other.includes(candidate))) missing.push(candidate);
  }
  return { all: known, rare, missing };
}
