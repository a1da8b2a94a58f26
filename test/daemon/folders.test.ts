import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { foldersIn } from '../../src/daemon/folders.js';

t.test('the folders in a folder, without files and hidden ones', async (t) => {
  const dir = t.testdir({});
  for (const name of ['b', 'a', '.hidden']) mkdirSync(path.join(dir, name));
  writeFileSync(path.join(dir, 'file'), '');
  t.same(await foldersIn(`${dir}/a/..`), {
    path: dir,
    parent: path.dirname(dir),
    folders: ['a', 'b'].map((name) => ({ name, path: path.join(dir, name) })),
    more: false,
  });
  t.equal((await foldersIn(path.parse(dir).root)).parent, null, 'nothing is around the root');
  await t.rejects(foldersIn('a'), { code: 'API_BAD_REQUEST' });
  await t.rejects(foldersIn(path.join(dir, 'file')), { code: 'FILE_NOT_FOUND' });
  await t.rejects(foldersIn(path.join(dir, 'nothing')), { code: 'FILE_NOT_FOUND' });
});
