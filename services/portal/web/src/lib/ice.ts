/** How a peer connection finds its way: the STUN servers of the last Welcome, on most networks none. */

let servers: RTCIceServer[] = [];

export function setStunServers(urls: string[]): void {
  servers = urls.map(url => ({ urls: url }));
}

export const newConnection = (): RTCPeerConnection =>
  new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: servers });
