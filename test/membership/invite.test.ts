import b4a from 'b4a';
import fc from 'fast-check';
import t from 'tap';
import { ChatterError } from '../../src/errors.js';
import {
  inviteLink,
  inviteSentence,
  isInvite,
  nameSentence,
  newInviteSecret,
  parseInvite,
} from '../../src/membership/invite.js';

const secret = b4a.from(Array.from({ length: 32 }, (_, i) => i));
const DIGITS = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
const LINK = `chatter://join/#${DIGITS}/Friday%20evening`;
const invalid = { name: 'ChatterError', code: 'INVITE_INVALID' };
const fixed = { seed: 1, numRuns: 500 };

t.test('[M4] an invite is the known link, and is read back', async (t) => {
  t.equal(inviteLink({ secret, label: 'Friday evening' }), LINK);
  t.strictSame(parseInvite(LINK), { secret, label: 'Friday evening' });
  t.ok(isInvite(LINK));
  t.notOk(isInvite('friday-evening'));
});

t.test('[M4] property: any secret and any label that a room can bear come back', async (t) => {
  const label = fc
    .string({ unit: 'grapheme', minLength: 0, maxLength: 32 })
    .filter((text) => Buffer.byteLength(text) <= 64 && !/[.!]$/.test(text));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), label, (bytes, text) => {
      const link = inviteLink({ secret: bytes, label: text });
      const back = parseInvite(link);
      return b4a.equals(back.secret, bytes) && back.label === text && /^[\x21-\x7e]+$/.test(link);
    }),
    fixed,
  );
  t.pass('in every case');
});

t.test('[M4] a label keeps its last character, whatever that is', async (t) => {
  for (const label of [
    'Party!',
    'Ann & Co.',
    'Really?!',
    '...',
    "Ann's",
    '(one)',
    '*',
    '~',
    '100%',
    '/',
    '#',
    '"',
  ]) {
    t.equal(parseInvite(inviteLink({ secret, label })).label, label, label);
  }
});

t.test('[M4] an invite is found in whatever text is around it', async (t) => {
  for (const text of [
    inviteSentence({ secret, label: 'Friday evening' }),
    `${LINK}.`,
    `${LINK}!!`,
    `<${LINK}>`,
    `"${LINK}"`,
    `(${LINK})`,
    `[join](${LINK})`,
    `hello ${LINK}, see you`,
    `${LINK}\r\n\r\n-- \r\nAnn`,
    `\u201c${LINK}\u201d`,
    `>> On Monday Ann wrote:\n>> ${LINK}`,
    `chatter://join/#broken ${LINK}`,
  ]) {
    t.strictSame(parseInvite(text), { secret, label: 'Friday evening' }, JSON.stringify(text));
    t.ok(isInvite(text));
  }
});

t.test('[M4] a mail program may break the link in two, and quote it', async (t) => {
  for (let at = 1; at < LINK.indexOf('/Friday'); at++) {
    for (const br of ['\n', '\r\n', '\n> ', '\r\n>>  ']) {
      const text = `Come!\n${LINK.slice(0, at)}${br}${LINK.slice(at)}`;
      if (!b4a.equals(parseInvite(text).secret, secret)) t.fail(JSON.stringify(text));
    }
  }
  t.pass('at any place of the secret');
});

t.test('[M4] what is no whole invite is refused by name', async (t) => {
  for (const [what, text] of Object.entries({
    nothing: '',
    'a name': 'friday-evening',
    'the scheme alone': 'chatter://',
    'no secret': 'chatter://join/#/Friday',
    'a digit too few': `chatter://join/#${DIGITS.slice(1)}/Friday`,
    'a digit too many': `chatter://join/#A${DIGITS}/Friday`,
    'cut off before the label': `chatter://join/#${DIGITS}`,
    'another way to write the last two bits': `chatter://join/#${DIGITS.slice(0, -1)}9/Friday`,
    'base64 that is not for URLs': `chatter://join/#${DIGITS.slice(0, -2)}+8/Friday`,
    'padded base64': `chatter://join/#${DIGITS}=/Friday`,
    'another action': `chatter://leave/#${DIGITS}/Friday`,
    'no fragment': `chatter://join/${DIGITS}/Friday`,
    'another scheme': `https://join/#${DIGITS}/Friday`,
    'full-width digits': `chatter://join/#${DIGITS.replace('A', '\uff21')}/Friday`,
  })) {
    t.throws(() => parseInvite(text), invalid, what);
  }
});

t.test('[M4] only one spelling of a secret is taken', async (t) => {
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    .split('')
    .filter((digit) => {
      try {
        return parseInvite(`chatter://join/#${DIGITS.slice(0, -1)}${digit}/x`).secret.length === 32;
      } catch (err) {
        return !(err instanceof ChatterError && err.code === 'INVITE_INVALID');
      }
    });
  t.equal(last.length, 16, 'the last of 43 digits has four bits');
});

t.test('[M4] a label that is broken keeps nobody out', async (t) => {
  for (const [label, read] of [
    ['', ''],
    ['%', ''],
    ['%zz', ''],
    ['%ff', ''],
    ['%c3%28', ''],
    ['%ed%a0%80', ''],
    ['a%20b', 'a b'],
    ['a/b', 'a'],
    ['a b', 'a'],
    [`${'a'.repeat(400)}b`, 'a'.repeat(400)],
  ] as const) {
    t.strictSame(
      parseInvite(`chatter://join/#${DIGITS}/${label}`),
      { secret, label: read },
      label.slice(0, 20),
    );
  }
  t.equal(
    parseInvite(`chatter://join/#${DIGITS}/%1b%5b31m%e2%80%ae`).label,
    '\x1b[31m\u202e',
    'not cleaned here',
  );
});

t.test('[M4] property: garbage is an invite or INVITE_INVALID, and nothing else', async (t) => {
  const piece = fc.constantFrom(
    'chatter://join/#',
    'chatter://',
    DIGITS,
    DIGITS.slice(3),
    '/',
    '%',
    '\n',
    '\n> ',
    ' ',
    '.',
    '%41',
  );
  const garbage = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 12 }).map((parts) => parts.join('')),
  );
  let found = 0;
  fc.assert(
    fc.property(garbage, (text) => {
      try {
        const invite = parseInvite(text);
        found++;
        return invite.secret.length === 32 && invite.label.length <= 400 && isInvite(text);
      } catch (err) {
        return err instanceof ChatterError && err.code === 'INVITE_INVALID';
      }
    }),
    { ...fixed, numRuns: 3000 },
  );
  t.ok(found > 0, `${found} were invites`);
});

t.test(
  '[M4] property: one character that is lost or changed never gives another secret of the same maker',
  async (t) => {
    const start = LINK.indexOf('#') + 1;
    fc.assert(
      fc.property(
        fc.nat(DIGITS.length - 1),
        fc.option(fc.string({ minLength: 1, maxLength: 1 })),
        (at, other) => {
          const text = `${LINK.slice(0, start + at)}${other ?? ''}${LINK.slice(start + at + 1)}`;
          try {
            return b4a.equals(parseInvite(text).secret, secret) === (text === LINK);
          } catch (err) {
            return err instanceof ChatterError && err.code === 'INVITE_INVALID';
          }
        },
      ),
      fixed,
    );
    t.pass('in every case');
  },
);

t.test('a text of a megabyte is read in no time', async (t) => {
  for (const unit of ['chatter://join/#', '\n> ', '\n', DIGITS, '%', 'a', '>', 'chatter://join/#A\n']) {
    const begin = performance.now();
    try {
      parseInvite(unit.repeat(2 ** 20 / unit.length));
    } catch (err) {
      t.match(err, invalid);
    }
    t.ok(performance.now() - begin < 1000, JSON.stringify(unit));
  }
});

t.test('secrets are 32 bytes, and never the same', async (t) => {
  const secrets = Array.from({ length: 100 }, newInviteSecret);
  t.ok(secrets.every(({ length }) => length === 32));
  t.equal(new Set(secrets.map((one) => b4a.toString(one, 'hex'))).size, 100);
});

t.test('what is handed over says what to do, and never tells a passphrase', async (t) => {
  t.equal(
    inviteSentence({ secret, label: 'Friday evening' }),
    `Join the private room "Friday evening" in Chatter: run "npx chatter join" and paste this text. ${LINK}`,
  );
  t.match(nameSentence('friday-club', false), /run "npx chatter join friday-club"\.$/);
  t.match(
    nameSentence('friday-club', true),
    /run "npx chatter join friday-club --protected" and type its passphrase\.$/,
  );
  for (const name of ['rock&roll', '$(id)', 'a;b', "ann's", '-x']) {
    const unquoted = nameSentence(name, false).includes(`join ${name}"`);
    t.notOk(unquoted, `${name} is not a shell’s to read`);
  }
});
