/** The role of somebody from outside: it names nothing to them, what it lets them see does. */
export const guest = "guest";
export const guestWords = " from outside: you see what is published for you, and nothing else.";
