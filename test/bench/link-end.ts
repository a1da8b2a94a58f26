import { connect, createServer } from 'node:net';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import HyperDHT from 'hyperdht';
import createTestnet from 'hyperdht/testnet.js';
import { instanceId } from '../../src/discovery/instance-id.js';
import { Pieces } from '../support/bulk-channel.js';
import { BenchSession, type Figures } from './bench-session.js';

/**
 * One end of a stream with bulk on it, as a process: `listen tcp|udx HOST` prints where it is to be reached;
 * `send tcp|udx WHERE POLICY SECONDS` prints what it measured. POLICY: idle, naive (back-pressure alone) or ours.
 */
const [role, carrier, where = '', policy = 'ours', seconds = '6'] = process.argv.slice(2);
const WARM_UP_MS = 5_000;
const WORDS_EVERY_MS = 25;

const keyPair = NoiseSecretStream.keyPair();
if (role === 'listen') await listen();
else await send();

async function listen(): Promise<void> {
  const onStream = (noise: NoiseSecretStream) => {
    noise.on('error', () => {});
    noise.on('open', () => new BenchSession(noise).echo());
  };
  if (carrier === 'tcp') {
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      onStream(new NoiseSecretStream(false, socket, { keyPair }));
    });
    server.listen(0, where, () => console.log(`${where}:${(server.address() as { port: number }).port}`));
    return;
  }
  const { bootstrap } = await createTestnet(6, { host: where });
  const dht = new HyperDHT({ bootstrap, host: where, firewalled: false, ephemeral: false });
  const server = dht.createServer((noise) => new BenchSession(noise).echo());
  await server.listen(keyPair as HyperDHT.KeyPair);
  const [first] = bootstrap as [HyperDHT.Address];
  console.log(`${first.host}:${first.port}:${Buffer.from(keyPair.publicKey).toString('hex')}`);
}

async function dial(): Promise<NoiseSecretStream> {
  const [host = '', port, key = ''] = where.split(':');
  if (carrier === 'udx') {
    const dht = new HyperDHT({ bootstrap: [{ host, port: Number(port) }] });
    return dht.connect(Buffer.from(key, 'hex'));
  }
  const socket = connect(Number(port), host);
  socket.setNoDelay(true);
  return new NoiseSecretStream(true, socket, { keyPair });
}

async function send(): Promise<void> {
  const noise = await dial();
  noise.on('error', () => {});
  if (!(await noise.opened)) throw new Error(`nobody at ${instanceId(keyPair.publicKey)}`);
  const session = new BenchSession(noise);
  await session.opened();
  const pieces = new Pieces();
  if (policy === 'ours') session.channel.bulk(pieces);
  if (policy === 'naive') session.flood();
  setInterval(() => session.ask(), WORDS_EVERY_MS);
  await new Promise((resolve) => setTimeout(resolve, policy === 'idle' ? 500 : WARM_UP_MS));
  session.begin();
  await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
  const figures: Figures = session.figures();
  console.log(JSON.stringify(figures));
  process.exit();
}
