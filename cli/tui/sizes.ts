/** From this width on the people stand beside the log. */
export const WIDE = 110;
/** With the line before it. */
export const PEOPLE_CELLS = 31;
/** On fewer rows the log needs what the head takes. */
export const LOW = 10;
