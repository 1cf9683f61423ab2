// What tests lean on besides the package: development dependencies, which `npm install` brings.

/** Why a test with simple-peer is not tried, or false; where everything must be there, it fails. */
export let skip = false;
export const { SimplePeer, wrtc } = await Promise.all([import('simple-peer'), import('@roamhq/wrtc')]).then(
  ([{ default: SimplePeer }, { default: wrtc }]) => ({ SimplePeer, wrtc }),
  (error) => {
    if (process.env.AIRSHAKE_REQUIRE_LIVE) throw error;
    skip = 'simple-peer and @roamhq/wrtc are not installed: npm install in web/';
    return {};
  },
);
