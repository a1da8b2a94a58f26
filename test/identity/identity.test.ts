import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import b4a from 'b4a';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { ChatterError } from '../../src/errors.js';
import { Identity } from '../../src/identity/identity.js';
import { peerId } from '../../src/identity/peer-id.js';
import { signedBy as verify } from '../../src/membership/identity-signature.js';

const FORM = /^chatter-identity-1 [\w-]{43} [0-9a-f]{16}\n$/;
const damaged = { name: 'ChatterError', code: 'IDENTITY_DAMAGED' };
const unusable = { name: 'ChatterError', code: 'DATA_FOLDER_UNUSABLE' };
const POSIX = process.platform !== 'win32';

const fileIn = (t: Test) => path.join(t.testdir(), 'identity');
const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);

t.test('an identity is made once, and is the same ever after', async (t) => {
  const file = fileIn(t);
  const made = await Identity.load(file);
  const content = await readFile(file, 'utf8');
  const again = await Identity.load(file);
  t.equal(again.id, made.id);
  t.strictSame(again.publicKey, made.publicKey);
  t.equal(made.id, peerId(made.publicKey));
  t.equal(made.publicKey.length, 32);
  t.strictSame(again.sign(b4a.from('hello')), made.sign(b4a.from('hello')));
  t.equal(await readFile(file, 'utf8'), content, 'it is not written again');
  t.match(content, FORM, 'one line: format, seed and checksum');
  t.strictSame(await readdir(path.dirname(file)), ['identity'], 'nothing else is left there');
  t.not((await Identity.load(`${file}-2`)).id, made.id, 'another file is another person');
});

t.test('the file is its owner’s alone, also after a copy with looser rights', { skip: !POSIX }, async (t) => {
  const file = fileIn(t);
  const { id } = await Identity.load(file);
  t.equal(await modeOf(file), '600');
  await chmod(file, 0o644);
  t.equal((await Identity.load(file)).id, id);
  t.equal(await modeOf(file), '600');
});

t.test('whoever begins at the same time gets the one identity', async (t) => {
  const file = fileIn(t);
  const all = await Promise.all(Array.from({ length: 20 }, () => Identity.load(file)));
  t.equal(new Set(all.map(({ id }) => id)).size, 1);
  t.strictSame(await readdir(path.dirname(file)), ['identity']);
});

t.test('what was left by a start that died does not matter', async (t) => {
  const file = fileIn(t);
  await writeFile(`${file}.0123456789abcdef`, 'chatter-iden');
  const { id } = await Identity.load(file);
  t.equal((await Identity.load(file)).id, id);
});

t.test('a signature is by its identity over its message alone', async (t) => {
  const [ann, bob] = [await Identity.load(fileIn(t)), await Identity.load(`${fileIn(t)}-2`)];
  const message = b4a.from('message');
  const signature = ann.sign(message);
  t.equal(signature.length, 64);
  t.ok(verify(ann.publicKey, message, signature));
  t.notOk(verify(bob.publicKey, message, signature), 'another key');
  t.notOk(verify(ann.publicKey, b4a.from('massage'), signature), 'another message');
  t.notOk(verify(b4a.alloc(32), message, b4a.alloc(64)), 'zeros');
  fc.assert(
    fc.property(fc.nat(511), (bit) => {
      const other = b4a.from(signature);
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      return !verify(ann.publicKey, message, other);
    }),
    { seed: 1, numRuns: 200 },
  );
});

t.test('one character that is changed, lost or added is noticed', async (t) => {
  const file = fileIn(t);
  await Identity.load(file);
  const content = (await readFile(file, 'utf8')).trimEnd();
  const secret = content.split(' ')[1] as string;
  const refused = async (text: string) => {
    await writeFile(file, text);
    try {
      await Identity.load(file);
      return false;
    } catch (err) {
      const known = err instanceof ChatterError && err.code === 'IDENTITY_DAMAGED';
      return known && !String(err).includes(secret) && !String((err as Error).stack).includes(secret);
    }
  };
  for (let at = 0; at < content.length; at++) {
    const other = content[at] === 'A' ? 'B' : 'A';
    const [before, after] = [content.slice(0, at), content.slice(at + 1)];
    if (!(await refused(before + other + after))) t.fail(`changed at ${at}`);
    if (!(await refused(before + after))) t.fail(`lost at ${at}`);
    if (!(await refused(before))) t.fail(`cut off at ${at}`);
  }
  for (const text of ['', '\n', 'garbage', '\0'.repeat(100), content.replaceAll(' ', '  '), `x${content}`]) {
    t.ok(await refused(text), JSON.stringify(text.slice(0, 10)));
  }
  t.ok(await refused(content.replace('identity-1', 'identity-2')), 'another format');
  t.notOk(await refused(content), 'without the line feed it is whole');
  t.notOk(await refused(`${content}\r\n`), 'an editor may end lines in its own way');
});

t.test('a damaged identity is never replaced, and the person is told what to do', async (t) => {
  const file = fileIn(t);
  await writeFile(file, 'garbage');
  await t.rejects(Identity.load(file), damaged);
  await t.rejects(Identity.load(file), { message: /is damaged\. Put a copy of it back, or move it away/ });
  t.equal(await readFile(file, 'utf8'), 'garbage');
});

t.test('a place where no file can be is told by name', async (t) => {
  const file = fileIn(t);
  await t.rejects(Identity.load(path.join(file, 'missing', 'identity')), unusable, 'no such folder');
  await mkdir(file);
  await t.rejects(Identity.load(file), unusable, 'a folder');
  await writeFile(`${file}-file`, '');
  await t.rejects(Identity.load(path.join(`${file}-file`, 'identity')), unusable, 'below a file');
});
