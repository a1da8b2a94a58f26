import { readFile } from 'node:fs/promises';

/** The firewall whose commands people on this system know; `unknown` where none of these is switched on. */
export type Firewall = 'ufw' | 'firewalld' | 'windows' | 'macos' | 'unknown';

/** Looks for what is switched on, without asking it: that would take the rights of an administrator. */
export async function findFirewall(): Promise<Firewall> {
  if (process.platform === 'win32') return 'windows';
  if (process.platform === 'darwin') return 'macos';
  const ufw = await readFile('/etc/ufw/ufw.conf', 'utf8').catch(() => '');
  if (/^\s*ENABLED=yes/im.test(ufw)) return 'ufw';
  const firewalld = await readFile('/run/firewalld.pid', 'utf8').catch(() => '');
  return firewalld ? 'firewalld' : 'unknown';
}

/** How one port is let in. */
export function openPort(firewall: Firewall, protocol: 'tcp' | 'udp', port: number): string {
  const rule = `${port}/${protocol}`;
  switch (firewall) {
    case 'ufw':
      return `Let it in: \`sudo ufw allow ${rule}\`.`;
    case 'firewalld':
      return `Let it in: \`sudo firewall-cmd --add-port=${rule}\`.`;
    case 'windows':
      return `Let it in: \`New-NetFirewallRule -DisplayName Chatter -Direction Inbound -Protocol ${protocol.toUpperCase()} -LocalPort ${port} -Action Allow\` in PowerShell.`;
    case 'macos':
      return 'Let node in: System Settings, Network, Firewall, Options; and Privacy & Security, Local Network.';
    default:
      return `Let ${protocol.toUpperCase()} port ${port} in; \`sudo nft list ruleset\` shows what keeps it out.`;
  }
}
