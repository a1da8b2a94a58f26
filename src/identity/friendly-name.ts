import { randomInt } from 'node:crypto';

const COLOURS =
  'Amber Ash Azure Beige Blue Brass Bronze Brown Copper Coral Cream Crimson Cyan Dusky Ebony Emerald Fawn Flax Ginger Golden Green Grey Hazel Honey Indigo Ivory Jade Khaki Lemon Lilac Lime Linen Maroon Mauve Mint Misty Moss Navy Ochre Olive Onyx Opal Orange Peach Pearl Pink Plum Purple Quartz Red Rose Ruby Russet Rust Sable Saffron Sand Scarlet Silver Slate Tan Teal Topaz Violet'.split(
    ' ',
  );

const ANIMALS =
  'Badger Bear Beaver Bison Bunting Cat Condor Crane Cricket Curlew Deer Dolphin Dove Eagle Egret Elk Falcon Finch Fox Gannet Gazelle Gecko Goose Grouse Gull Hare Hawk Hedgehog Heron Ibex Ibis Jackdaw Jay Kestrel Kite Koala Lark Linnet Lynx Magpie Marten Martin Mole Moose Newt Osprey Otter Owl Panda Petrel Pika Plover Puffin Quail Raven Robin Seal Sparrow Stoat Stork Swan Swift Tern Wren'.split(
    ' ',
  );

/** A name to begin with, such as "Blue Heron": one of 4,096, so that nobody has to choose before the first word. */
export const friendlyName = (random: (below: number) => number = randomInt): string =>
  `${COLOURS[random(COLOURS.length)]} ${ANIMALS[random(ANIMALS.length)]}`;
