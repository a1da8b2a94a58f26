/** What runs in the pages of a shared screen that is measured: small text, as an editor shows it. */

/**
 * A screen of text, drawn 15 times a second. `window.__shows = { seed, mode, since }` says what is on it; the same
 * drawing is made in both pages, so that the watcher's knows what should be there.
 */
export const SCREEN = (width: number, height: number) => `
  const WORDS = 'const let return await if else for of new Map Set stream frame bytes seq key track null true channel peer node'.split(' ');
  const LINE = 18;
  const LEFT = 60;
  const textOf = (seed, line) => {
    let state = (seed * 7919 + line * 104729 + 1) >>> 0;
    const next = (n) => ((state = (state * 1664525 + 1013904223) >>> 0) >>> 8) % n;
    return ' '.repeat(2 * next(5)) + Array.from({ length: 3 + next(14) }, () => WORDS[next(WORDS.length)]).join(' ') + ';';
  };
  const TYPED = Array.from({ length: 40 }, (_, line) => textOf(99, line)).join(' ');
  window.__drawScreen = (context, { seed, mode, since }, now) => {
    context.fillStyle = '#fff';
    context.fillRect(0, 0, ${width}, ${height});
    context.font = '13px monospace';
    const passed = now - since;
    const from = mode === 'scrolling' ? Math.floor(passed / 200) * 3 : 0; // a wheel, five times a second
    const typed = mode === 'typing' ? TYPED.slice(0, Math.floor(passed / 120) % TYPED.length) : '';
    for (let row = 0; row * LINE < ${height}; row++) {
      const y = 15 + row * LINE;
      context.fillStyle = '#888';
      context.fillText(String(from + row + 1), 12, y);
      context.fillStyle = row % 7 === 3 ? '#2a5' : '#222';
      context.fillText(row === 20 ? typed.slice(-150) : textOf(seed, from + row), LEFT, y);
    }
    context.fillStyle = '#346';
    context.fillRect(0, ${height} - 22, ${width}, 22);
  };
  window.__shows = { seed: 1, mode: 'still', since: 0 };
  window.__openScreen = () => {
    const canvas = document.createElement('canvas');
    canvas.width = ${width};
    canvas.height = ${height};
    const context = canvas.getContext('2d', { alpha: false });
    const generator = new MediaStreamTrackGenerator({ kind: 'video' });
    const writer = generator.writable.getWriter();
    const timer = setInterval(() => {
      window.__drawScreen(context, window.__shows, performance.now());
      const frame = new VideoFrame(canvas, { timestamp: Math.round(performance.now() * 1000) });
      writer.write(frame).catch(() => {
        frame.close();
        clearInterval(timer); // the track was stopped
      });
    }, 1000 / 15);
    return new MediaStream([generator]);
  };
  navigator.mediaDevices.getDisplayMedia = async () => window.__openScreen();`;

/** Shows something else from now on. */
export const SHOW = (mode: 'still' | 'typing' | 'scrolling', seed = 1) =>
  `window.__shows = { seed: ${seed}, mode: '${mode}', since: performance.now() }`;

/** How near the picture is to the still screen \`seed\`: PSNR of its luma in dB, and its width. */
export const COMPARE = (video: string, seed: number) => `(() => {
  const video = ${video};
  const { videoWidth: width, videoHeight: height } = video;
  const read = (draw) => {
    const context = new OffscreenCanvas(width, height).getContext('2d', { alpha: false, willReadFrequently: true });
    draw(context);
    return context.getImageData(0, 0, width, height).data;
  };
  const seen = read((context) => context.drawImage(video, 0, 0));
  const meant = read((context) => window.__drawScreen(context, { seed: ${seed}, mode: 'still', since: 0 }, 0));
  const luma = (data, i) => 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
  let squares = 0;
  for (let i = 0; i < seen.length; i += 4) squares += (luma(seen, i) - luma(meant, i)) ** 2;
  return { width, psnr: 10 * Math.log10(255 ** 2 / Math.max(squares / (seen.length / 4), 0.01)) };
})()`;

/** The screen by RTCPeerConnection; resolves to its offer. Text stays sharp: the rate of pictures gives way. */
export const OFFER_SCREEN = (mimeType: string, bitrateBps: number, gathered: string) => `(async () => {
  const stream = window.__openScreen();
  const [track] = stream.getVideoTracks();
  track.contentHint = 'text';
  const peer = (window.__peer = new RTCPeerConnection());
  window.__peerOwn = { stop: () => track.stop() };
  const transceiver = peer.addTransceiver(track, {
    direction: 'sendonly',
    streams: [stream],
    sendEncodings: [{ maxBitrate: ${bitrateBps}, scalabilityMode: 'L1T2' }],
  });
  const parameters = transceiver.sender.getParameters();
  parameters.degradationPreference = 'maintain-resolution';
  await transceiver.sender.setParameters(parameters);
  const { codecs } = RTCRtpSender.getCapabilities('video');
  transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType === '${mimeType}'));
  await peer.setLocalDescription();
  await ${gathered};
  return peer.localDescription.toJSON();
})()`;
