/**
 * Every bound on what a peer, a person or a local program can make this node hold, wait for or do.
 * Bytes are `…Bytes`, milliseconds `…Ms`, the rest are counts. `src/PROTOCOL.md` section "Limits" says why.
 */
export const LIMITS = {
  // A stream before it is proven (PROTOCOL.md [L1])
  preNoiseFrameBytes: 1024,
  noiseDeadlineMs: 5_000,
  proofDeadlineMs: 10_000,
  pendingStreams: 16,
  pendingStreamsPerAddress: 4,
  newStreamsPerAddressPerSecond: 20,

  // A proven stream ([L2])
  frameBytes: 1024 * 1024 + 4096,
  batchItems: 1024,
  openChannels: 64,
  channelNameBytes: 64,
  channelIdBytes: 64,
  channelHandshakeBytes: 4096,
  controlFramesPerSecond: 50,
  controlFramesBurst: 256,
  keepAliveMs: 4_000,
  deadAfterMs: 12_000,
  replacedStreamGraceMs: 2_000,
  linkMessagesPerSecond: 50,
  linkMessagesBurst: 256,
  bulkInFlightBytes: 8 * 1024 * 1024,
  liveHeldBytes: 1024 * 1024 + 64 * 1024,

  // Guesses at a secret ([L3])
  failedProofsPerPrefix: 5,
  failedProofsPerPrivatePrefix: 100,
  failedProofsPerKnownAddress: 20,
  failedProofsPrefixWindowMs: 10 * 60_000,
  failedProofsPerRoomPerHour: 30,
  failedProofThrottleMs: 20_000,
  failedProofsToWarn: 10,

  // Who breaks rules again and again ([L8])
  violationsToPutOff: 3,
  violationsPerPrefixToPutOff: 20,
  violationsWindowMs: 10 * 60_000,
  putOffMinMs: 30_000,
  putOffMaxMs: 10 * 60_000,
  putOffRemembered: 1024,
  misbehaveLinesPerSecond: 1,
  misbehaveLinesBurst: 20,

  // Discovery ([L4])
  dialsAtOnce: 8,
  dialBackoffMinMs: 1_000,
  dialBackoffMaxMs: 60_000,
  dialDeadlineMs: 5_000,
  lanYieldMs: 500,
  mdnsLinks: 32,
  mdnsPacketsPerSecond: 500,
  mdnsPacketsPerSenderPerSecond: 100,
  mdnsInstances: 256,
  addressesPerInstance: 4,
  mdnsInstanceLifeMs: 120_000,
  mdnsTagsPerRecord: 64,
  mdnsTxtBytes: 1300,

  // People and rooms ([L5])
  nameBytes: 64,
  nameGraphemes: 32,
  roomNameBytes: 64,
  passphraseMinBytes: 10,
  passphraseMaxBytes: 128,
  rooms: 100,
  roomsInBackup: 10_000,
  peersPerRoom: 64,
  peers: 128,
  instancesPerPerson: 8,
  knownPeople: 4096,
  namesPerPerson: 4,
  knownPersonLifeMs: 365 * 24 * 60 * 60_000,
  refusedInstances: 256,
  lineBytes: 8192,
  linesPerSecond: 200,
  linesBurst: 400,
  unacknowledgedLines: 1024,

  // Files ([L9])
  filePathBytes: 4096,
  fileNameBytes: 200,
  filePathDepth: 32,
  fileEntries: 100_000,
  fileBytes: 2 ** 40,
  manifestBytes: 16 * 1024 * 1024,
  offersPerPeer: 64,
  offersPerRoom: 1024,
  fileMessagesPerSecond: 2000,
  fileMessagesBurst: 8000,
  requestedBlocks: 64,
  badBlocksPerHolder: 1,
  holderStallMs: 10_000,
  diskReserveBytes: 1024 * 1024 * 1024,

  // The local API ([L6])
  apiHeaderBytes: 16 * 1024,
  apiBodyBytes: 64 * 1024,
  apiFrameBytes: 1024 * 1024,
  apiConnections: 64,
  apiClients: 32,
  apiHeadersMs: 5_000,
  apiRequestMs: 30_000,
  apiSendQueueBytes: 8 * 1024 * 1024,
  events: 16_384,

  // The node ([L7])
  idleNodeMs: 5_000,
  crashesForSafeMode: 3,
  crashWindowMs: 60_000,
  logFileBytes: 5 * 1024 * 1024,
  logFileMs: 14 * 24 * 60 * 60_000,
  logLineCharacters: 2048,
} as const;
