/** What runs in the pages of a measured call: cameras and microphones that say when they were, and what reads it again. */

/** Voice: the beginning of each second of the wall clock is heard, for 40 ms. */
const VOICE = `
  const BEEP_MS = 40;
  registerProcessor('voice', class extends AudioWorkletProcessor {
    #second = Math.floor(Date.now() / 1000);
    #left = 0;
    #phase = 0;
    process(_inputs, [[out]]) {
      const second = Math.floor(Date.now() / 1000);
      if (second !== this.#second) this.#left = (BEEP_MS * sampleRate) / 1000;
      this.#second = second;
      for (let i = 0; i < out.length; i++) {
        out[i] = this.#left-- > 0 ? 0.7 * Math.sin((this.#phase += (2 * Math.PI * 440) / sampleRate)) : 0.002 * Math.random();
      }
      return true;
    }
  });`;

/** Ear: says how late each beginning of a second was heard. */
const EAR = `
  registerProcessor('ear', class extends AudioWorkletProcessor {
    #deaf = 0;
    process([[heard]]) {
      this.#deaf -= 128;
      if (!heard || this.#deaf > 0) return true;
      const at = heard.findIndex((sample) => Math.abs(sample) > 0.1);
      if (at >= 0) {
        this.#deaf = sampleRate / 2;
        this.port.postMessage((Date.now() + (at / sampleRate) * 1000) % 1000);
      }
      return true;
    }
  });`;

const module = (source: string) =>
  `URL.createObjectURL(new Blob([${JSON.stringify(source)}], { type: 'text/javascript' }))`;

/**
 * The devices of a page. Camera: a picture with the time in it as black and white squares, something that moves, and
 * noise; a track generator hands each on at once, where a canvas that is captured would add up to a frame's time of its
 * own to both ways of calling. A `busy` one is noise all over, and takes all bits that there are. Microphone: `VOICE`. And an `EAR` on whatever the page plays: \`window.__heard\` are its answers.
 */
export const DEVICES = (width: number, height: number, busy = false) => `
  window.__width = ${width};
  const draw = (canvas) => {
    const context = canvas.getContext('2d', { alpha: false });
    const noise = context.createImageData(${busy ? width : 160}, ${busy ? height - 40 : 120});
    let turn = 0;
    return () => {
      turn++;
      for (let i = 0; i < noise.data.length; i += 4) {
        const grey = 90 + ((i * 7 + turn * 13) % 40) + ${busy ? '12 * Math.sin((i >> 2) * turn * 0.37)' : '0'};
        noise.data[i] = noise.data[i + 1] = noise.data[i + 2] = grey;
        noise.data[i + 3] = 255;
      }
      context.fillStyle = '#456';
      context.fillRect(0, 0, ${width}, ${height});
      context.putImageData(noise, ${busy ? '0, 40' : '40, 100'});
      context.fillStyle = '#c84';
      context.fillRect((turn * 5) % ${width}, 260, ${width} / 3, 120);
      const now = Math.round(performance.timeOrigin + performance.now()) % 2 ** 20;
      for (let bit = 0; bit < 20; bit++) {
        context.fillStyle = (now >> bit) & 1 ? '#fff' : '#000';
        context.fillRect(bit * 24, 0, 24, 24);
      }
    };
  };
  navigator.mediaDevices.getUserMedia = async ({ video, audio }) => {
    if (audio) {
      const context = new AudioContext({ sampleRate: 48000 });
      await context.audioWorklet.addModule(${module(VOICE)});
      const destination = context.createMediaStreamDestination();
      new AudioWorkletNode(context, 'voice', { numberOfInputs: 0, outputChannelCount: [1] }).connect(destination);
      return destination.stream;
    }
    const canvas = document.createElement('canvas');
    canvas.width = ${width};
    canvas.height = ${height};
    const turn = draw(canvas);
    const generator = new MediaStreamTrackGenerator({ kind: 'video' });
    const writer = generator.writable.getWriter();
    const timer = setInterval(() => {
      turn();
      const frame = new VideoFrame(canvas, { timestamp: Math.round(performance.now() * 1000) });
      writer.write(frame).catch(() => {
        frame.close();
        clearInterval(timer); // the track was stopped
      });
    }, 1000 / 30);
    return new MediaStream([generator]);
  };
  window.__heard = [];
  window.__listen = async (context, node) => {
    context.__ear ??= context.audioWorklet.addModule(${module(EAR)});
    await context.__ear;
    const ear = new AudioWorkletNode(context, 'ear', { numberOfInputs: 1, numberOfOutputs: 0 });
    ear.port.onmessage = ({ data }) => window.__heard.push(data);
    connect.call(node, ear);
  };
  const { connect } = AudioNode.prototype;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) void window.__listen(this.context, this);
    return connect.call(this, to, ...rest);
  };`;

/** What was seen and heard; milliseconds. */
export interface Perceived {
  /** Of each picture that was shown: when, and how old it was. */
  pictures: { at: number; age: number }[];
  /** How late each sound was. */
  sounds: number[];
  /** Of the last picture. */
  width: number;
}

/** Watches and listens for `seconds`; resolves to a `Perceived`. */
export const PERCEIVE = (video: string, seconds: number) => `new Promise((done) => {
  const video = ${video};
  const canvas = new OffscreenCanvas(480, 24);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const pictures = [];
  let newest = -1;
  window.__heard.length = 0;
  let handle = 0;
  const onPicture = () => {
    const now = performance.timeOrigin + performance.now();
    handle = video.requestVideoFrameCallback(onPicture);
    const scale = video.videoWidth / window.__width;
    context.drawImage(video, 0, 0, 480 * scale, 24 * scale, 0, 0, 480, 24);
    const { data } = context.getImageData(0, 12, 480, 1);
    let then = 0;
    for (let bit = 0; bit < 20; bit++) if (data[(bit * 24 + 12) * 4] > 128) then += 2 ** bit;
    if (then === newest) return; // shown again
    newest = then;
    const age = (now - then + 2 ** 21) % 2 ** 20;
    pictures.push({ at: now, age });
  };
  handle = video.requestVideoFrameCallback(onPicture);
  setTimeout(() => {
    video.cancelVideoFrameCallback(handle);
    done({ pictures: pictures.filter(({ age }) => age < 10000), sounds: [...window.__heard], width: video.videoWidth });
  }, ${seconds * 1000});
})`;

/** All candidates are in the description: nothing else is exchanged. */
export const GATHERED = `new Promise((done) => {
  if (window.__peer.iceGatheringState === 'complete') done();
  window.__peer.onicegatheringstatechange = () => window.__peer.iceGatheringState === 'complete' && done();
})`;

/** The same camera and microphone by RTCPeerConnection; resolves to its offer. */
export const OFFER = (mimeType: string, bitrateBps: number) => `(async () => {
  const video = await navigator.mediaDevices.getUserMedia({ video: true });
  const audio = await navigator.mediaDevices.getUserMedia({ audio: true });
  const peer = (window.__peer = new RTCPeerConnection());
  const own = document.createElement('video'); // whoever calls sees themselves, as in Chatter
  own.className = 'live-picture';
  own.autoplay = own.muted = true;
  own.srcObject = video;
  document.body.append(own);
  window.__peerOwn = { stop: () => { own.remove(); for (const track of [...video.getTracks(), ...audio.getTracks()]) track.stop(); } };
  const stream = new MediaStream([...video.getTracks(), ...audio.getTracks()]);
  const transceiver = peer.addTransceiver(video.getVideoTracks()[0], {
    direction: 'sendonly',
    streams: [stream],
    sendEncodings: [{ maxBitrate: ${bitrateBps}, scalabilityMode: 'L1T2' }],
  });
  const { codecs } = RTCRtpSender.getCapabilities('video');
  transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType === '${mimeType}'));
  peer.addTransceiver(audio.getAudioTracks()[0], { direction: 'sendonly', streams: [stream] });
  await peer.setLocalDescription();
  await ${GATHERED};
  return peer.localDescription.toJSON();
})()`;

/** Takes it: \`window.__peerVideo\` shows it, the ear hears it. */
export const ANSWER = (offer: unknown) => `(async () => {
  const peer = (window.__peer = new RTCPeerConnection());
  const video = (window.__peerVideo = document.createElement('video'));
  video.className = 'live-picture';
  video.autoplay = true;
  document.body.append(video);
  const stream = new MediaStream();
  peer.ontrack = ({ track }) => {
    stream.addTrack(track);
    video.srcObject = stream; // both in one element: that keeps them in step
    if (track.kind !== 'audio') return;
    const context = new AudioContext({ sampleRate: 48000 });
    void window.__listen(context, context.createMediaStreamSource(new MediaStream([track])));
  };
  await peer.setRemoteDescription(${JSON.stringify(offer)});
  await peer.setLocalDescription(await peer.createAnswer());
  await ${GATHERED};
  return peer.localDescription.toJSON();
})()`;
