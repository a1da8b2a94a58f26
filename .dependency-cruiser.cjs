// Arrows point down only (src/README.md, "Layers"); siblings never import each other.
const base = '^src/(errors|limits|resource|clock|log|counters|token-bucket|replay-window|address-prefix|nearest|package-files|text)\\.ts$';
const siblings = ['discovery', 'protocol', 'storage', 'membership', 'identity'];

const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|cli)/', pathNot: [...allowed, base, '^src/types/'] },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only('base-stands-alone', base, []),
    ...siblings.map((folder) => only(`${folder}-imports-no-sibling`, `^src/${folder}/`, [`^src/${folder}/`])),
    only('connection', '^src/connection/', ['^src/connection/', ...siblings.map((s) => `^src/${s}/`)]),
    only('doctor', '^src/doctor/', ['^src/doctor/', '^src/(connection|discovery)/']),
    only('features', '^src/(chat|files|media)/', ['^src/$1/', '^src/(protocol|storage|identity)/']),
    only('room', '^src/room/', ['^src/room/', '^src/(chat|files|media|connection)/', ...siblings.map((s) => `^src/${s}/`)]),
    { name: 'below-the-daemon', severity: 'error', from: { path: '^src/index\\.ts$|^src/(?!daemon|web)[^/]+/' }, to: { path: '^src/(daemon|web)/' } },
    { name: 'nothing-imports-the-cli', severity: 'error', from: { pathNot: '^cli/' }, to: { path: '^cli/' } },
    {
      name: 'cli-is-a-client',
      severity: 'error',
      from: { path: '^cli/', pathNot: '^cli/commands/daemon\\.ts$' },
      to: { path: '^src/', pathNot: ['^src/daemon/(client|media-client|api|files-api|guest-api|chat-api|doctor-api|call-api)\\.ts$', '^src/media/(codecs|ivf|still-picture)\\.ts$', '^src/daemon/backup\\.ts$', '^src/storage/data-folder\\.ts$', base] },
    },
    only('web-is-a-client', '^src/web/', ['^src/web/', '^src/daemon/(api|files-api|guest-api|chat-api|doctor-api|call-api)\\.ts$', '^src/media/']),
    { name: 'no-barrels', severity: 'error', from: {}, to: { path: '^src/.+/index\\.ts$' } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
