export function Logo() {
  return (
    <span className="logo">
      <img src="/assets/icon.svg" alt="" width="18" height="18" />
      Chatter
    </span>
  );
}
