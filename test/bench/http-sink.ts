import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Takes files by HTTP and drops them, in a process of its own as a node is: what a browser can hand over on this machine
 * to anybody. Prints its port; `GET` is a page with a field for a file.
 */
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<input type="file">');
    return;
  }
  request.resume();
  request.on('end', () => response.end());
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
