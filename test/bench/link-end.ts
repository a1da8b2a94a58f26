import NoiseSecretStream from '@hyperswarm/secret-stream';
import HyperDHT from 'hyperdht';
import createTestnet from 'hyperdht/testnet.js';
import { systemClock } from '../../src/clock.js';
import { Counters } from '../../src/counters.js';
import { TcpTransport } from '../../src/discovery/tcp-transport.js';
import { silentLog } from '../../src/log.js';
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
  if (carrier === 'tcp') {
    const transport = tcp();
    transport.on('incoming', ({ noise, proven }) => {
      proven();
      new BenchSession(noise).echo();
    });
    await transport.open();
    console.log(`${where}:${transport.port}`);
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
  return new Promise((resolve, reject) => {
    void tcp()
      .dial({ host, port: Number(port), rooms: [] }, ({ noise, proven }) => {
        proven();
        resolve(noise);
      })
      .then((outcome) => {
        if (outcome !== 'opened') reject(new Error(`nobody at ${where}`));
      });
  });
}

/** The transport of the node itself, with what it does to sockets and frames. */
function tcp(): TcpTransport {
  return new TcpTransport({ keyPair, clock: systemClock, log: silentLog, counters: new Counters() });
}

async function send(): Promise<void> {
  const noise = await dial();
  noise.on('error', () => {});
  if (!(await noise.opened)) throw new Error(`nobody at ${where}`);
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
