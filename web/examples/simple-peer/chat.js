// A chat with simple-peer, as there are many. What was different before is its signalling: a
// server, to which each side wrote `peer.on('signal', ...)` and from which it read for
// `peer.signal(...)`. These five lines are in its place.

/* 1 */ import { openMicrophone, signalBySound } from '../../src/index.js'; // from 'airshake'

const $ = (id) => document.getElementById(id);

async function connect(initiator) {
  $('begin').hidden = true;
  $('state').textContent = 'asking for the microphone';
  // Before the peer: then the browser tells addresses, not names that only some networks resolve.
  /* 2 */ const stream = await openMicrophone();
  const peer = new SimplePeer({ initiator, trickle: false, config: { iceServers: [] } });

  peer.on('connect', () => {
    $('state').textContent = 'connected';
    $('form').hidden = false;
  });
  peer.on('data', (data) => show('they', new TextDecoder().decode(data)));
  peer.on('error', (error) => ($('state').textContent = error.message));
  peer.on('close', () => ($('state').textContent = 'closed'));
  $('form').addEventListener('submit', (event) => {
    event.preventDefault();
    peer.send($('input').value);
    show('you', $('input').value);
    $('input').value = '';
  });

  $('state').textContent = initiator ? 'calling by sound' : 'listening';
  /* 3 */ const onEvent = ({ type, bytes }) => bytes && ($('state').textContent = `${type}: ${bytes} bytes`);
  /* 4 */ await signalBySound(peer, { stream, onEvent });
  /* 5 */ stream.getTracks().forEach((track) => track.stop());
}

function show(who, words) {
  const line = document.createElement('div');
  line.textContent = `${who}: ${words}`;
  $('lines').append(line);
}

$('first').addEventListener('click', () => connect(true));
$('second').addEventListener('click', () => connect(false));
