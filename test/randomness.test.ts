import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';

t.test('[C6] nothing that is drawn can be foreseen: random bytes of the system alone', async (t) => {
  const files = ['src', 'cli'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => path.join(folder, file)),
  );
  const code = files.filter((file) => /\.tsx?$/.test(file));
  t.ok(code.length > 300, `${code.length} files`);
  for (const file of code) t.notMatch(readFileSync(file, 'utf8'), /Math\.random/, file);
});
